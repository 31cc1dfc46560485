internal import DockerClient
internal import Glibc
internal import JSON
internal import LinuxKernel

/// What `pouch prewarm` does: `prewarm IMAGE...` begins one, `prewarm status` and its like look after them.
struct PrewarmVerb: Verb {
    static let usage = Usage(
        name: "prewarm",
        synopsis: "IMAGE...|-f FILE|nodes|schedules|status|pause|resume|cancel|retry|unschedule",
        summary: "Bring images to the nodes of a pool before they are needed", operands: Usage.atLeast(0))

    var nodes: [String] = []
    var canary: Int64?
    var batch: String?
    var maxParallel: Int64?
    var maxFailures: String?
    var rate: String?
    var deadline: Int64?
    var ttl: Int64?
    var file: String?
    var tracker: String?
    var watches = false
    var output: String?
    var operands: [String] = []

    static var flags: [Flag<PrewarmVerb>] {
        [
            .list("nodes", "Names of nodes, with * and ? (default: all)", as: "name", \.nodes),
            .number("canary", "Nodes that go first and must all succeed (default 1)", \.canary),
            .text("batch", "Nodes that go together behind them, such as 5 or 10% (default 10%)", as: "amount", \.batch),
            .number("max-parallel", "Nodes that work at the same time (default 200)", \.maxParallel),
            .text(
                "max-failures", "More failures than this stop the rest, such as 2% (default 0)", as: "amount",
                \.maxFailures),
            .text("rate", "What each node fetches at most, such as 50MB/s (default: no limit)", as: "rate", \.rate),
            .duration("deadline", "Time for each node, such as 30m (default 30m)", \.deadline),
            .duration("ttl", "How long nodes keep the images whatever else needs the space, such as 24h", \.ttl),
            .text("file", short: "f", "Take plans from a file in YAML; - is standard input", as: "file", \.file)
                .completing(.files),
            .text("tracker", "The tracker's Unix socket (default /run/pouch/tracker.sock)", as: "path", \.tracker),
            .toggle("watch", short: "w", "Show the progress until it ends", \.watches),
            .text("output", short: "o", "json for machines", \.output).aliased("format"),
        ]
    }

    mutating func take(_ operands: [String]) { self.operands = operands }

    func run(_ session: Session) throws(Failure) {
        let path = tracker ?? session.environment("POUCH_TRACKER") ?? "/run/pouch/tracker.sock"
        let client = try asking { () throws(ClientError) in DockerClient(try Endpoint(parsing: path)) }
        let desk = PrewarmDesk(client: client, session: session, isJSON: output == "json")
        if let output, output != "json" { throw .message("prewarm: output \(output): only json is known") }
        guard let first = operands.first else {
            guard let file else { throw .message("prewarm: name images, or a file with -f; see pouch prewarm --help") }
            return try begin(try plans(in: file, desk), desk)
        }
        guard file == nil else { throw .message("prewarm: images are named here or in the file, not both") }
        switch (first, operands.count) {
        case ("status", 1): try desk.list(watches: watches)
        case ("status", 2): try watches ? desk.watch(operands[1]) : desk.show(operands[1])
        case ("pause", 2), ("resume", 2), ("cancel", 2), ("retry", 2): try desk.change(operands[1], first)
        case ("schedules", 1): try desk.schedules()
        case ("unschedule", 2): try desk.unschedule(operands[1])
        case ("nodes", 1): try desk.nodes()
        default: try begin([["images": .array(operands.map { .string($0) })]], desk)
        }
    }

    // MARK: beginning

    private func plans(in file: String, _ desk: PrewarmDesk) throws(Failure) -> [JSONValue] {
        let bytes: [UInt8]
        do throws(SyscallError) {
            bytes = try file == "-" ? everything(from: 0) : WholeFile.read(file)
        } catch {
            throw .message("\(file): \(error)")
        }
        let text = JSONValue.string(String(decoding: bytes, as: UTF8.self))
        return try desk.ask(Request("POST", "/prewarms/read", body: .json(text))).arrayValue ?? []
    }

    private func begin(_ plans: [JSONValue], _ desk: PrewarmDesk) throws(Failure) {
        var begun: [String] = []
        for plan in plans {
            if let id = try desk.begin(try completed(plan, desk.session)) { begun.append(id) }
        }
        guard watches else { return }
        for id in begun { try desk.watch(id) }
    }

    /// The plan with what the flags say, and with the logins of whoever begins it.
    private func completed(_ plan: JSONValue, _ session: Session) throws(Failure) -> JSONValue {
        var plan = plan
        if !nodes.isEmpty { plan["nodes"] = .array(nodes.map { .string($0) }) }
        if let canary { plan["canary"] = .integer(canary) }
        if let batch { plan["batch"] = .string(batch) }
        if let maxParallel { plan["maxParallel"] = .integer(maxParallel) }
        if let maxFailures { plan["maxFailures"] = .string(maxFailures) }
        if let rate { plan["rate"] = .string(rate) }
        if let deadline { plan["deadline"] = .integer(deadline / 1_000_000_000) }
        if let ttl { plan["ttl"] = .integer(ttl / 1_000_000_000) }
        var authorizations: JSONValue = [:]
        let logins = RegistryLogins(session)
        for image in (plan["images"]?.arrayValue ?? []).compactMap(\.stringValue) {
            if let header = try logins.header(for: ImageName(image).registry) {
                authorizations[image] = .string(header)
            }
        }
        plan["authorizations"] = authorizations
        return plan
    }
}

/// Everything that can be read from a descriptor of the process.
private func everything(from number: Int32) throws(SyscallError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = try check("read") { buffer.withUnsafeMutableBytes { read(number, $0.baseAddress, $0.count) } }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
