internal import ArgumentParser
internal import ClusterModel
internal import Glibc
internal import JSON
internal import PoolClient

/// What people ask of a pool.
///
/// `pouch apply`, `pouch get` and the like become this program: what it links would cost every other verb of `pouch` its
/// start-up time.
@main
struct PouchPool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pouch", abstract: "What people ask of a pool of nodes.",
        subcommands: [
            Apply.self, Get.self, Describe.self, Delete.self, Cordon.self, Uncordon.self, Drain.self,
            Queues.self, Pool.self, Logs.self, Exec.self, Attach.self, Dial.self,
        ])
}

/// Where the pool is and which namespace is meant.
struct Connection: ParsableArguments {
    @Option(help: "The server: https://HOST:PORT, http://HOST:PORT or unix:///PATH; else that of the kubeconfig.")
    var server: String?
    @Option(help: "Address and credentials; else $KUBECONFIG, else ~/.kube/config.") var kubeconfig: String?
    @Option(help: "A context of the kubeconfig other than its current one.") var context: String?
    @Option(name: .shortAndLong, help: "The namespace.") var namespace: String?

    func client() throws -> PoolClient {
        try PoolClient(try address(), userAgent: "pouch/0.1.0")
    }

    func address() throws -> PoolAddress {
        if let server = server ?? Self.variable("POUCH_SERVER") { return PoolAddress(server) }
        if let path = kubeconfig ?? Self.variable("KUBECONFIG") {
            return try PoolAddress(kubeconfig: path, context: context)
        }
        let path = "\(Self.variable("HOME") ?? "")/.kube/config"
        return access(path, R_OK) == 0
            ? try PoolAddress(kubeconfig: path, context: context) : PoolAddress("http://127.0.0.1:8080")
    }

    /// The one that was named, else the configuration's.
    func home() throws -> String { try namespace ?? address().namespace }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Output and ends.
enum Say {
    static func line(_ text: String) {
        print(text)
        fflush(nil)  // a watch goes to pipes, too
    }

    /// Writes all of `bytes`; a reader that is gone ends the program.
    static func bytes(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { Glibc.exit(1) }
            rest = rest.dropFirst(count)
        }
    }

    static func error(_ text: String) {
        let bytes = Array("pouch: \(text)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Runs `body`; what it throws goes to standard error, and the program ends with 1.
    static func reporting(_ body: () async throws -> Void) async throws {
        signal(SIGPIPE, SIG_DFL)
        do {
            try await body()
        } catch let error as ExitCode {
            throw error
        } catch let error as any CustomStringConvertible {
            Self.error(error.description)
            throw ExitCode(1)
        }
    }

    /// Does `body` for each, tells every failure, and fails at the end when one did.
    static func each<Element>(_ elements: [Element], _ body: (Element) async throws -> Void) async throws {
        var failed = false
        for element in elements {
            do {
                try await body(element)
            } catch let error as any CustomStringConvertible {
                Self.error(error.description)
                failed = true
            }
        }
        if failed { throw ExitCode(1) }
    }
}
