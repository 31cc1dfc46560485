internal import DockerClient
internal import Glibc
internal import JSON

/// What `pouch login` does.
struct Login: Verb {
    static let usage = Usage(
        name: "login", synopsis: "[SERVER]", summary: "Log in to a registry", operands: 0...1)

    var username: String?
    var password: String?
    var readsInput = false
    var server = "docker.io"

    static var flags: [Flag<Login>] {
        [
            .text("username", short: "u", "Username", \.username),
            .text("password", short: "p", "Password or personal access token", \.password),
            .toggle("password-stdin", "Take the password from stdin", \.readsInput),
        ]
    }

    mutating func take(_ operands: [String]) { if let first = operands.first { server = first } }

    func run(_ session: Session) throws(Failure) {
        if readsInput, password != nil { throw .message("--password and --password-stdin are mutually exclusive") }
        if readsInput, username == nil { throw .message("Must provide --username with --password-stdin") }
        if password != nil {
            session.complain("WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
        }
        let logins = RegistryLogins(session)
        let known = try logins.login(for: host)
        let (name, secret) = try credentials(known, session)
        let body: JSONValue = [
            "username": .string(name), "password": .string(secret), "serveraddress": .string(RegistryLogins.key(host)),
        ]
        let reply = try session.post("/auth", [:], body).value()
        if let warning = try logins.store(host, username: name, password: secret) { session.complain(warning) }
        try session.say(reply["Status"]?.stringValue ?? "Login Succeeded")
    }

    /// The host alone: people paste addresses.
    private var host: String {
        var rest = Substring(server)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let host = String(rest.prefix { $0 != "/" })
        return host == "index.docker.io" ? "docker.io" : host
    }

    private func credentials(
        _ known: JSONObject?, _ session: Session
    ) throws(Failure) -> (name: String, password: String) {
        if readsInput {
            let input = try Self.readAll(session.input)
            return (username ?? "", input)
        }
        if let username, let password { return (username, password) }
        if username == nil, password == nil, let name = known?["username"]?.stringValue,
            let secret = known?["password"]?.stringValue
        {
            session.complain("Authenticating with existing credentials...")
            return (name, secret)
        }
        guard Terminal.isTerminal(session.input) else {
            throw .message("cannot ask for a login without a terminal; use --username with --password-stdin")
        }
        var (name, secret) = (username ?? "", password ?? "")
        if name.isEmpty { name = try Self.ask("Username: ", hidden: false, session) }
        if secret.isEmpty { secret = try Self.ask("Password: ", hidden: true, session) }
        return (name, secret)
    }

    /// Everything up to the end, without the line end.
    private static func readAll(_ descriptor: Int32) throws(Failure) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        while let last = bytes.last, last == 10 || last == 13 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func ask(_ question: String, hidden: Bool, _ session: Session) throws(Failure) -> String {
        try session.write(question.utf8)
        try session.flush()
        var mode = termios()
        let isKnown = hidden && tcgetattr(session.input, &mode) == 0
        if isKnown {
            var quiet = mode
            quiet.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(session.input, TCSANOW, &quiet)
        }
        defer {
            if isKnown {
                tcsetattr(session.input, TCSANOW, &mode)
                try? session.say("")
            }
        }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(session.input, &byte, 1) == 1, byte != 10 { line.append(byte) }
        guard !line.isEmpty else { throw .message("nothing was entered") }
        return String(decoding: line, as: UTF8.self)
    }
}

/// What `pouch logout` does.
struct Logout: Verb {
    static let usage = Usage(
        name: "logout", synopsis: "[SERVER]", summary: "Log out from a registry", operands: 0...1)

    var server = "docker.io"

    mutating func take(_ operands: [String]) { if let first = operands.first { server = first } }

    func run(_ session: Session) throws(Failure) {
        let wasThere = try RegistryLogins(session).erase(server)
        try session.say(
            wasThere ? "Removing login credentials for \(RegistryLogins.key(server))" : "Not logged in to \(server)")
    }
}
