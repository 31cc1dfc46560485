internal import DockerClient
internal import Glibc
internal import JSON
internal import Units

/// What a verb works with: the daemon, the three standard descriptors, the environment.
///
/// Output is collected and written when it is large, before anything else writes to the descriptor, and at the end.
final class Session {
    let client: DockerClient
    let input: Int32
    let output: Int32
    let errors: Int32
    let environment: (String) -> String?
    /// Whether this process may keep signals back: true for the program, false where it has other threads.
    let ownsSignals: Bool
    /// Tells on the errors how long each stage took.
    let isDebugging: Bool
    private var collected: [UInt8] = []
    private var lastMark = Timestamp.now

    init(
        client: DockerClient, input: Int32 = 0, output: Int32 = 1, errors: Int32 = 2, ownsSignals: Bool = false,
        isDebugging: Bool = false, environment: @escaping (String) -> String? = variable
    ) {
        self.client = client
        self.input = input
        self.output = output
        self.errors = errors
        self.ownsSignals = ownsSignals
        self.isDebugging = isDebugging
        self.environment = environment
    }

    /// Prints one line.
    func say(_ text: String) throws(Failure) {
        try write(Array(text.utf8) + [10])
    }

    func write(_ bytes: some Sequence<UInt8>) throws(Failure) {
        collected += bytes
        if collected.count > 65536 { try flush() }
    }

    /// Writes what was collected.
    func flush() throws(Failure) {
        guard !collected.isEmpty else { return }
        let bytes = collected
        collected = []
        do throws(ClientError) {
            try writeAll(bytes[...], to: output)
        } catch {
            throw .message("standard output: \(error)")
        }
    }

    /// Prints one line on the errors, after what was printed before.
    func complain(_ text: String) {
        try? flush()
        try? writeAll(Array((text + "\n").utf8)[...], to: errors)
    }

    /// Ends a stage of a longer work; with `--debug` its time is told.
    func mark(_ stage: String) {
        guard isDebugging else { return }
        let spent = Timestamp.now.duration(since: lastMark).inNanoseconds / 1000
        complain("pouch: \(stage): \(spent / 1000).\(String(1000 + spent % 1000).dropFirst()) ms")
        lastMark = .now
    }

    /// What to tell the user of a failure; a container that is not there gets a hint at one that is.
    func sentence(for failure: Failure) -> String? {
        let beginning = "no such container: "
        guard case .client(.refused(404, let message)) = failure, message.lowercased().hasPrefix(beginning) else {
            return failure.text
        }
        let list = try? client.get("/containers/json", ["all": "1"]).json().arrayValue
        let names = (list ?? []).flatMap { $0["Names"]?.arrayValue ?? [] }
            .compactMap { $0.stringValue.map { String($0.drop { $0 == "/" }) } }
        guard let name = nearest(String(message.dropFirst(beginning.count)), in: names) else { return message }
        return "\(message); did you mean \(name)?"
    }

    /// Does `body` for each target; goes on after a failure and fails at the end.
    ///
    /// - Throws: ``Failure/exit(_:)`` with 1 when any failed; a daemon that is not there ends it at once.
    func each(_ targets: [String], _ body: (String) throws(Failure) -> Void) throws(Failure) {
        var hasFailed = false
        for target in targets {
            do throws(Failure) {
                try body(target)
            } catch {
                if case .client(.unreachable) = error { throw error }
                if let text = sentence(for: error) { complain("pouch: \(text)") }
                hasFailed = true
            }
        }
        if hasFailed { throw .exit(1) }
    }
}

extension Session {
    /// Asks the daemon for JSON.
    func get(_ path: String, _ query: Query = [:]) throws(Failure) -> JSONValue {
        try asking { () throws(ClientError) in try client.get(path, query).json() }
    }

    @discardableResult
    func post(_ path: String, _ query: Query = [:], _ body: JSONValue? = nil) throws(Failure) -> Reply {
        try asking { () throws(ClientError) in try client.post(path, query, body) }
    }

    /// Sends `request`, whose answer is read piece by piece.
    func open(_ request: Request) throws(Failure) -> ResponseStream {
        try asking { () throws(ClientError) in try client.open(request) }
    }
}

extension Reply {
    /// The body as JSON, for verbs.
    func value() throws(Failure) -> JSONValue {
        try asking { () throws(ClientError) in try json() }
    }
}

/// A variable of this process's environment.
func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// The path of a request, from words that may come from the user.
///
/// The slashes and colons of image names stay as they are, as docker's client sends them.
func path(_ words: String...) -> String {
    words.reduce(into: "") { path, word in
        path += "/"
        for piece in word.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
            let encoded = piece.element.split(separator: ":", omittingEmptySubsequences: false)
                .map { Query.encoded(String($0)) }
            path += (piece.offset > 0 ? "/" : "") + encoded.joined(separator: ":")
        }
    }
}
