internal import JSON
internal import LinuxKernel

/// What runs in the container and with which environment.
struct ProcessFlags {
    var attach: [String] = []
    var env: [String] = []
    var envFiles: [String] = []
    var labels: [String] = []
    var labelFiles: [String] = []
    var entrypoint: String?
    var workdir: String?
    var user: String?
    var groups: [String] = []
    var hostname: String?
    var domainname: String?
    var tty = false
    var interactive = false
    var useInit = false
    var stopSignal: String?
    var stopTimeout: Int64?

    static var flags: [Flag<ProcessFlags>] {
        [
            .list("attach", short: "a", "Attach to STDIN, STDOUT or STDERR", \.attach)
                .completing(.choices(["stdin", "stdout", "stderr"])),
            .list("env", short: "e", "Set environment variables", \.env),
            .list("env-file", "Read in a file of environment variables", \.envFiles).completing(.files),
            .list("label", short: "l", "Set meta data on a container", \.labels),
            .list("label-file", "Read in a line delimited file of labels", \.labelFiles).completing(.files),
            .text("entrypoint", "Overwrite the default ENTRYPOINT of the image", \.entrypoint),
            .text("workdir", short: "w", "Working directory inside the container", \.workdir),
            .text("user", short: "u", "Username or UID (format: <name|uid>[:<group|gid>])", \.user),
            .list("group-add", "Add additional groups to join", \.groups),
            .text("hostname", short: "h", "Container host name", \.hostname),
            .text("domainname", "Container NIS domain name", \.domainname),
            .toggle("tty", short: "t", "Allocate a pseudo-TTY", \.tty),
            .toggle("interactive", short: "i", "Keep STDIN open even if not attached", \.interactive),
            .toggle("init", "Run an init inside the container that forwards signals and reaps processes", \.useInit),
            .text("stop-signal", "Signal to stop the container", \.stopSignal),
            .number("stop-timeout", "Timeout (in seconds) to stop a container", \.stopTimeout),
        ]
    }

    func fill(_ body: inout CreateBody, environment: (String) -> String?) throws(Failure) {
        body.config.set("Hostname", hostname)
        body.config.set("Domainname", domainname)
        body.config.set("User", user)
        body.config.set("Tty", tty)
        body.config.set("OpenStdin", interactive)
        body.config.set("Env", try EnvironmentFile.merged(files: envFiles, assignments: env, environment))
        body.config.set("Labels", pairs(try EnvironmentFile.labels(labelFiles) + labels))
        body.config.set("WorkingDir", workdir)
        if let entrypoint { body.config["Entrypoint"] = [.string(entrypoint)] }
        body.config.set("StopSignal", stopSignal)
        body.config.set("StopTimeout", stopTimeout)
        body.host.set("GroupAdd", groups)
        body.host.set("Init", useInit)
    }
}

/// Files of `NAME=value` lines.
enum EnvironmentFile {
    /// Variables from files first, then those from the command line.
    ///
    /// A name alone takes the value from our own environment; one that is not set there stays a bare name on the command line,
    /// which removes the image's variable, and is left out of a file.
    static func merged(
        files: [String], assignments: [String], _ environment: (String) -> String?
    ) throws(Failure) -> [String] {
        var result: [String] = []
        for file in files {
            for line in try lines(of: file) {
                let (name, value) = split(line, at: "=")
                guard !name.isEmpty else { throw .message("\(file): no variable name on line '\(line)'", code: 125) }
                guard !name.contains(where: \.isWhitespace) else {
                    throw .message("\(file): variable '\(name)' contains whitespaces", code: 125)
                }
                if value != nil {
                    result.append(line)
                } else if let inherited = environment(name) {
                    result.append("\(name)=\(inherited)")
                }
            }
        }
        for assignment in assignments {
            let (name, value) = split(assignment, at: "=")
            guard !name.isEmpty else { throw .message("invalid environment variable: \(assignment)", code: 125) }
            if value == nil, let inherited = environment(name) {
                result.append("\(name)=\(inherited)")
            } else {
                result.append(assignment)
            }
        }
        return result
    }

    static func labels(_ files: [String]) throws(Failure) -> [String] {
        var result: [String] = []
        for file in files { result += try lines(of: file) }
        return result
    }

    /// Lines without comments, blank ones and the space before them.
    private static func lines(of file: String) throws(Failure) -> [String] {
        do throws(SyscallError) {
            let text = String(decoding: try WholeFile.read(file), as: UTF8.self)
            return text.split(whereSeparator: \.isNewline).map { String($0.drop(while: \.isWhitespace)) }
                .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        } catch {
            throw .message("\(error)", code: 125)
        }
    }
}
