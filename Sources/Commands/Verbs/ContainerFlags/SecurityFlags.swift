internal import JSON
internal import LinuxKernel

/// What the container may do, and which namespaces it shares.
struct SecurityFlags {
    var addedCapabilities: [String] = []
    var droppedCapabilities: [String] = []
    var options: [String] = []
    var isPrivileged = false
    var userns: String?
    var cgroupns: String?
    var ipc: String?
    var pid: String?
    var uts: String?
    var sysctls: [String] = []
    var runtime: String?
    var isolation: String?

    static var flags: [Flag<SecurityFlags>] {
        [
            .list("cap-add", "Add Linux capabilities", \.addedCapabilities),
            .list("cap-drop", "Drop Linux capabilities", \.droppedCapabilities),
            .list("security-opt", "Security Options", \.options),
            .toggle("privileged", "Give extended privileges to this container", \.isPrivileged),
            .text("userns", "User namespace to use", \.userns),
            .text("cgroupns", "Cgroup namespace to use (host|private)", \.cgroupns)
                .completing(.choices(["host", "private"])),
            .text("ipc", "IPC mode to use", \.ipc),
            .text("pid", "PID namespace to use", \.pid),
            .text("uts", "UTS namespace to use", \.uts),
            .list("sysctl", "Sysctl options", as: "map", \.sysctls),
            .text("runtime", "Runtime to use for this container", \.runtime),
            .text("isolation", "Container isolation technology", \.isolation),
        ]
    }

    func fill(_ body: inout CreateBody) throws(Failure) {
        body.host.set("CapAdd", addedCapabilities)
        body.host.set("CapDrop", droppedCapabilities)
        body.host.set("Privileged", isPrivileged)
        body.host.set("UsernsMode", userns)
        body.host.set("CgroupnsMode", cgroupns)
        body.host.set("IpcMode", ipc)
        body.host.set("PidMode", pid)
        body.host.set("UTSMode", uts)
        for text in sysctls where !text.contains("=") {
            throw .message("invalid argument \"\(text)\" for \"--sysctl\": expected key=value", code: 125)
        }
        body.host.set("Sysctls", pairs(sysctls))
        body.host.set("Runtime", runtime)
        body.host.set("Isolation", isolation)
        try fillOptions(&body.host)
    }

    /// A seccomp profile travels inline, since the daemon need not see our files.
    private func fillOptions(_ host: inout JSONObject) throws(Failure) {
        var sent: [String] = []
        for option in options {
            if option == "systempaths=unconfined" {
                host["MaskedPaths"] = []
                host["ReadonlyPaths"] = []
                continue
            }
            let (key, value) = Self.parts(option)
            guard key == "seccomp", let value, value != "unconfined", value != "builtin" else {
                guard value != nil || key == "no-new-privileges" else {
                    throw .message("invalid --security-opt: \"\(option)\"", code: 125)
                }
                sent.append(option)
                continue
            }
            sent.append("seccomp=\(try Self.profile(value))")
        }
        host.set("SecurityOpt", sent)
    }

    /// `key=value`, or `key:value` as it was once written.
    private static func parts(_ option: String) -> (String, String?) {
        let (key, value) = split(option, at: "=")
        return value == nil ? split(option, at: ":") : (key, value)
    }

    private static func profile(_ file: String) throws(Failure) -> String {
        do {
            return "\(try JSONValue(parsing: try WholeFile.read(file)))"
        } catch {
            throw .message("opening seccomp profile (\(file)) failed: \(error)", code: 125)
        }
    }
}
