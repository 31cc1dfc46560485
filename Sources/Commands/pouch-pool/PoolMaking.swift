internal import ArgumentParser
internal import Glibc
internal import Identity
internal import LinuxKernel
internal import PoolClient
internal import Units

/// Where the server's machine keeps the pool.
struct ServerFolder: ParsableArguments {
    static let standard = "/var/lib/pouch-server/pool"

    @Option(help: "Where the server keeps the pool.") var data = Self.standard

    func open() throws(IdentityError) -> PoolFolder {
        guard PoolFolder.exists(in: data) else { throw .file(path: "\(data)/server.json", errno: ENOENT) }
        return try PoolFolder(data)
    }
}

struct PoolInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a pool on this machine: its authority, its server's settings, a first token.",
        discussion: "Then pouch-server serve --data DIR serves it, and pouch pool join on other machines joins it.")

    @OptionGroup var folder: ServerFolder
    @Option(help: "ADDRESS:PORT where its server will listen.") var listen = "0.0.0.0:6443"
    @Option(help: "A name or an address by which others reach the server (repeatable); else this machine's.")
    var address: [String] = []
    @Option(help: "Minutes that the first token is good.") var minutes: Int64 = 60

    func run() async throws {
        try await Say.reporting {
            guard let port = listen.split(separator: ":").last.flatMap({ Int($0) }), (1...65535).contains(port) else {
                throw IdentityError.malformed("--listen \(listen)")
            }
            let made = try PoolFolder.make(in: folder.data, PoolFolder.Settings(listen: listen, hosts: address))
            let host = address.first ?? Interfaces.addresses().first ?? "127.0.0.1"
            let url = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
            let path = "\(folder.data)/kubeconfig"
            try Self.writeConfiguration(made, url, path)
            let token = try made.tokens.make(for: made.authority, roles: [], expires: Int64(time(nil)) + minutes * 60)
            Say.line(
                """
                The pool is made in \(folder.data). Next:

                  pouch-server serve --data \(folder.data)        serve it
                  export KUBECONFIG=\(path)        ask it, also with kubectl: pouch get nodes

                On each machine that joins, within \(minutes) minutes (pouch pool token makes a token for each):

                  POUCH_JOIN_TOKEN=\(token.text) pouch pool join \(url)
                """)
        }
    }

    /// An administrator's, with all credentials inside.
    private static func writeConfiguration(_ pool: PoolFolder, _ url: String, _ path: String) throws {
        let (certificate, key) = try pool.credentials(
            CertificateHolder(user: "pouch-admin", groups: [CertificateHolder.administrators]))
        func inline(_ text: String) -> String { Base64.encoded(Array(text.utf8)) }
        let text = """
            apiVersion: v1
            kind: Config
            current-context: pouch
            contexts: [{name: pouch, context: {cluster: pouch, user: pouch-admin}}]
            clusters:
            - name: pouch
              cluster: {server: "\(url)", certificate-authority-data: \(inline(pool.authority.pem))}
            users:
            - name: pouch-admin
              user: {client-certificate-data: \(inline(certificate)), client-key-data: \(inline(key))}

            """
        try WholeFile.replace(path, with: Array(text.utf8), mode: 0o600)
    }
}

struct PoolJoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Make this machine a node of a pool.",
        discussion: """
            The token comes from $POUCH_JOIN_TOKEN or --token-file, never from the command line, which everybody on the machine can \
            read. pouchd is a node of the pool when it starts the next time.
            """)

    @Option(help: "The data root of this machine's pouchd.") var dataRoot = "/var/lib/pouch"
    @Option(help: "This node's name in the pool; else the machine's.") var nodeName: String?
    @Option(help: "A file with the token.") var tokenFile: String?
    @Argument(help: "https://HOST:PORT") var server: String

    func run() async throws {
        try await Say.reporting {
            guard server.hasPrefix("https://") else {
                throw IdentityError.malformed("\(server): not https://HOST:PORT")
            }
            let folder = "\(dataRoot)/member"
            if let kept = try Membership.read(folder) {
                throw IdentityError.malformed("this machine is node \(kept.node) of \(kept.server) already: \(folder)")
            }
            let text: String
            if let tokenFile {
                text = String(decoding: try WholeFile.read(tokenFile), as: UTF8.self)
            } else if let given = getenv("POUCH_JOIN_TOKEN") {
                text = String(cString: given)
            } else {
                throw IdentityError.malformed("no token: set POUCH_JOIN_TOKEN, or name a file with --token-file")
            }
            let token = try JoinToken(parsing: String(text.filter { !$0.isWhitespace }))
            let name = nodeName ?? Self.machineName()
            let member = try await Membership.join(server, as: name, token: token, folder: folder)
            Say.line("node \(member.node) is a member of the pool of \(server); start pouchd, or start it again")
        }
    }

    private static func machineName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }
}

struct PoolTokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "One-time tokens that let nodes join.",
        subcommands: [Create.self, List.self, Revoke.self], defaultSubcommand: Create.self)

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a token for one node.")

        @OptionGroup var folder: ServerFolder
        @Option(help: "Minutes until it is useless.") var minutes: Int64 = 60

        func run() async throws {
            try await Say.reporting {
                let pool = try folder.open()
                let expires = Int64(time(nil)) + minutes * 60
                Say.line(try pool.tokens.make(for: pool.authority, roles: [], expires: expires).text)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "The tokens of the last days, and who used them.")

        @OptionGroup var folder: ServerFolder

        func run() async throws {
            try await Say.reporting {
                let now = Int64(time(nil))
                Say.line("ID          STATE")
                for entry in try folder.open().tokens.entries(now: now) {
                    let state =
                        switch entry.state {
                        case .open: "good for \((entry.expires - now) / 60) minutes"
                        case .expired: "expired"
                        case .revoked: "revoked"
                        case .used(let name): name.isEmpty ? "used" : "used by \(name)"
                        }
                    Say.line("\(entry.id)  \(state)")
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make tokens useless, named by their IDs or themselves.")

        @OptionGroup var folder: ServerFolder
        @Argument var tokens: [String]

        func run() async throws {
            try await Say.reporting {
                let book = try folder.open().tokens
                try await Say.each(tokens) { token in
                    try book.revoke(token)
                    Say.line("revoked")
                }
            }
        }
    }
}
