internal import DockerClient
internal import Glibc
internal import JSON
internal import LinuxKernel

/// What `pouch build` does.
struct Build: Verb {
    static let usage = Usage(
        name: "build", synopsis: "PATH | -", summary: "Build an image from a Dockerfile", operands: 1...1,
        completes: .files)

    var options = BuildFlags()

    static var flags: [Flag<Build>] { BuildFlags.flags.map { $0.lifted(\.options) } }
    mutating func take(_ operands: [String]) { options.path = operands[0] }
    func run(_ session: Session) throws(Failure) { try options.build(session) }
}

/// What both names of building take.
struct BuildFlags {
    var tags: [String] = []
    var file: String?
    var arguments: [String] = []
    var labels: [String] = []
    var target: String?
    var ignoresCache = false
    var cacheSources: [String] = []
    var pulls = false
    var isQuiet = false
    var network: String?
    var platform: String?
    var identifierFile: String?
    var hosts: [String] = []
    var memory: Int64?
    var memorySwap: Int64?
    var shmSize: Int64?
    var cpuShares: Int64?
    var cpuPeriod: Int64?
    var cpuQuota: Int64?
    var cpuset: String?
    var cpusetMemories: String?
    var cgroupParent: String?
    var progress: String?
    var secrets: [String] = []
    var path = ""

    static var flags: [Flag<BuildFlags>] {
        [
            .list("tag", short: "t", "Name and optionally a tag (format: name:tag)", \.tags),
            .text("file", short: "f", "Name of the Dockerfile (default: PATH/Dockerfile); - is standard input", \.file)
                .completing(.files),
            .list("build-arg", "Set build-time variables; without a value it is the environment's", \.arguments),
            .list("label", "Set metadata for an image", \.labels),
            .text("target", "Set the target build stage to build", \.target),
            .toggle("no-cache", "Do not use the cache when building the image", \.ignoresCache),
            .toggle("pull", "Always attempt to pull newer versions of the base images", \.pulls),
            .toggle("quiet", short: "q", "Suppress the build output and print the image ID on success", \.isQuiet),
            .text("network", "Set the networking mode for the RUN instructions", \.network).completing(.networks),
            .text("platform", "Set the platform that base images must have", \.platform),
            .text("iidfile", "Write the image ID to the file", \.identifierFile).completing(.files),
            .text("progress", "How progress is told: auto, plain, tty or quiet", \.progress)
                .completing(.choices(["auto", "plain", "tty", "quiet"])),
            .list("add-host", "Add a custom host-to-IP mapping (host:ip)", \.hosts),
            .list("cache-from", "Take only steps of these images of this machine from the cache", \.cacheSources),
            .ignored("rm", nil, "Accepted; build containers are always removed"),
            .ignored("force-rm", nil, "Accepted; build containers are always removed"),
            .ignored("load", nil, "Accepted; the image is always kept by pouchd"),
            .refused(
                "output", "string", "Where to put the image",
                because: "the image is pouchd's: use pouch save or pouch cp"),
            .list("secret", "Secret to expose to the build (id=NAME,src=FILE or id=NAME,env=VARIABLE)", \.secrets),
            .refused("ssh", "string", "SSH agent to expose to the build", because: "SSH agents need BuildKit"),
        ] + limits
    }

    private static var limits: [Flag<BuildFlags>] {
        [
            .bytes("memory", short: "m", "Memory limit of each step", \.memory),
            .bytes("memory-swap", "Memory and swap of each step; -1 is unlimited", \.memorySwap),
            .bytes("shm-size", "Size of /dev/shm", \.shmSize),
            .number("cpu-shares", short: "c", "CPU shares (relative weight)", \.cpuShares),
            .number("cpu-period", "Limit the CPU CFS period, in microseconds", \.cpuPeriod),
            .number("cpu-quota", "Limit the CPU CFS quota, in microseconds", \.cpuQuota),
            .text("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)", \.cpuset),
            .text("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)", \.cpusetMemories),
            .text("cgroup-parent", "Parent control group of the steps", \.cgroupParent),
        ]
    }

    // MARK: the request

    func build(_ session: Session) throws(Failure) {
        let source = try BuildSource(path: path, file: file, session)
        var query = try query(session)
        query.add("dockerfile", source.dockerfile)
        var request = Request("POST", "/build", query, body: source.body)
        request.buildSecrets = try BuildSecrets.encoded(secrets, session)
        let stream: ResponseStream
        do throws(Failure) { stream = try session.open(request) } catch {
            // Why the files could not be read says more than that the request broke off.
            throw source.failure.map { .message("\($0)") } ?? error
        }
        if let failure = source.failure { throw .message("\(failure)") }
        var answer = BuildAnswer(isQuiet: isQuiet || progress == "quiet")
        try answer.show(stream, session)
        guard let id = answer.image else {
            throw .message("the daemon ended the build without an image: its log says more")
        }
        if isQuiet || progress == "quiet" { try session.say(id) }
        if let identifierFile { try write(id, to: identifierFile) }
    }

    private func query(_ session: Session) throws(Failure) -> Query {
        var query = Query()
        for tag in tags { query.add("t", tag) }
        if !arguments.isEmpty || session.environment("SOURCE_DATE_EPOCH") != nil {
            query.add("buildargs", String(decoding: buildArguments(session).encoded(), as: UTF8.self))
        }
        if !labels.isEmpty {
            var object = JSONObject()
            for label in labels {
                let halves = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                    String.init)
                object[halves[0]] = .string(halves.count == 2 ? halves[1] : "")
            }
            query.add("labels", String(decoding: JSONValue.object(object).encoded(), as: UTF8.self))
        }
        query.add("target", target)
        query.add("nocache", ignoresCache)
        let sources = cacheSources.flatMap { $0.split(separator: ",") }.map { JSONValue.string(String($0)) }
        if !sources.isEmpty {
            query.add("cachefrom", String(decoding: JSONValue.array(sources).encoded(), as: UTF8.self))
        }
        query.add("pull", pulls)
        query.add("platform", platform)
        query.add("networkmode", network)
        for host in hosts { query.add("extrahosts", host) }
        for (name, number) in [
            ("memory", memory), ("memswap", memorySwap), ("shmsize", shmSize), ("cpushares", cpuShares),
            ("cpuperiod", cpuPeriod), ("cpuquota", cpuQuota),
        ] { query.add(name, number.map { "\($0)" }) }
        query.add("cpusetcpus", cpuset)
        query.add("cpusetmems", cpusetMemories)
        query.add("cgroupparent", cgroupParent)
        return query
    }

    private func buildArguments(_ session: Session) -> JSONValue {
        var object = JSONObject()
        object["SOURCE_DATE_EPOCH"] = session.environment("SOURCE_DATE_EPOCH").map { .string($0) }
        for argument in arguments {
            let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if halves.count == 2 {
                object[halves[0]] = .string(halves[1])
            } else if let value = session.environment(halves[0]) {
                object[halves[0]] = .string(value)
            }
        }
        return .object(object)
    }

    private func write(_ id: String, to file: String) throws(Failure) {
        do throws(SyscallError) {
            try Descriptor.open(file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o666).writeAll(Array(id.utf8))
        } catch {
            throw .message("\(error)")
        }
    }
}

/// What the daemon tells of a build.
struct BuildAnswer {
    let isQuiet: Bool
    /// The id of what was built.
    private(set) var image: String?
    private var rest: [UInt8] = []

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Prints what comes until the end.
    ///
    /// - Throws: ``Failure/message(_:code:)`` with the code of the command that failed.
    mutating func show(_ stream: ResponseStream, _ session: Session) throws(Failure) {
        while let piece = try asking({ () throws(ClientError) in try stream.read() }) {
            rest += piece
            while let end = rest.firstIndex(of: 10) {
                let line = Array(rest[..<end])
                rest.removeFirst(end + 1)
                try show(line, session)
            }
            try session.flush()
        }
        try show(rest, session)
    }

    private mutating func show(_ line: [UInt8], _ session: Session) throws(Failure) {
        guard let message = try? JSONValue(parsing: line) else { return }
        if let text = message["errorDetail"]?["message"]?.stringValue ?? message["error"]?.stringValue {
            throw .message(text, code: Int32(clamping: message["errorDetail"]?["code"]?.intValue ?? 1))
        }
        if let id = message["aux"]?["ID"]?.stringValue { image = id }
        guard !isQuiet else { return }
        if let text = message["stream"]?.stringValue { try session.write(text.utf8) }
        if let status = message["status"]?.stringValue, message["progressDetail"]?["total"] == nil {
            try session.say((message["id"]?.stringValue.map { "\($0): " } ?? "") + status)
        }
    }
}
