/// What `pouch registry serve` does: becomes `pouch-registry`, which has the network server.
struct ServeRegistry: Verb {
    static let usage = Usage(
        name: "serve", synopsis: "DIRECTORY",
        summary: "Serve the images below a directory to other machines",
        operands: 1...1, completes: .files)

    static var flags: [Flag<ServeRegistry>] {
        [
            .text("listen", "ADDRESS:PORT to listen at (default: 127.0.0.1:5000)", as: "address", \.listen),
            .toggle("push", "Let clients upload and delete", \.allowsPush),
            .text("tls-cert", "Our certificate with its chain, in PEM", as: "file", \.certificate).completing(.files),
            .text("tls-key", "Its key, in PEM", as: "file", \.key).completing(.files),
            .text("tls-ca", "Let in only clients whose certificate this authority signed", as: "file", \.authority)
                .completing(.files),
            .toggle("plain-http", "Speak plain HTTP also beyond this machine", \.isPlain),
            .toggle("debug", "Say more in the log", \.isDebugging),
        ]
    }

    static let program = SiblingProgram(name: "pouch-registry", verb: "registry serve")

    private var directory = ""
    private var listen: String?
    private var allowsPush = false
    private var certificate: String?
    private var key: String?
    private var authority: String?
    private var isPlain = false
    private var isDebugging = false

    mutating func take(_ operands: [String]) throws(UsageError) { directory = operands[0] }

    /// The other program's command line.
    var words: [String] {
        var words: [String] = []
        for (name, value) in [
            ("--listen", listen), ("--tls-cert", certificate), ("--tls-key", key), ("--tls-ca", authority),
        ] {
            if let value { words += [name, value] }
        }
        for (name, isSet) in [("--push", allowsPush), ("--plain-http", isPlain), ("--debug", isDebugging)] where isSet {
            words.append(name)
        }
        return words + ["--", directory]
    }

    func run(_ session: Session) throws(Failure) {
        throw .message(Self.program.become(words, variable))
    }
}
