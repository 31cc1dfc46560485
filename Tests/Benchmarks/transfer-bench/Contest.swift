import Glibc
import Identity
import LinuxKernel
import TestSupport

/// Both servers, and curl that fetches pieces from one after the other.
struct Contest {
    /// Medians of the rounds.
    struct Figures {
        /// In 10^6 bytes per second.
        var speed: Double
        /// Processor seconds of the server for 10^9 bytes.
        var cost: Double
    }

    private struct NotReady: Error {}

    private static let size = 256 << 20
    private static let piece = 4 << 20
    private static let rounds = 5
    /// Connections at the same time.
    private static let clients = 2

    private let folder: String
    private let name: String

    init(_ folder: String) async throws {
        self.folder = folder
        let authority = try CertificateAuthority(folder: "\(folder)/pool")
        let (key, request) = try NodeCredentials.makeRequest(name: "bench")
        let made = try NodeCredentials(
            authority: authority.pem,
            certificate: try authority.certificate(for: "bench", [.peer], request: request), key: key)
        try made.save(to: "\(folder)/identity")
        name = NodeIdentity.serverName(of: made.identity.number)
        _ = try await run(["/bin/sh", "-c", "head -c \(Self.size) /dev/urandom > '\(folder)/file'"])
    }

    func measure(isSealed: Bool) async throws -> (ours: Figures, nginx: Figures) {
        let (oursAt, nginxAt) = isSealed ? (18_443, 18_444) : (18_080, 18_081)
        // One core each for TLS, where the processor is the limit: the comparison is per core.
        let pin = isSealed ? ["taskset", "1"] : []
        let ours = try start(
            pin + [CommandLine.arguments[0], "serve", "\(folder)/file", "\(oursAt)"]
                + (isSealed ? ["\(folder)/identity"] : []))
        try WholeFile.replace("\(folder)/nginx.conf", with: Array(settings(port: nginxAt, isSealed: isSealed).utf8))
        let nginx = try start(pin + ["nginx", "-p", folder, "-c", "\(folder)/nginx.conf"])
        defer {
            for process in [ours, nginx] {
                process.signal(SIGTERM)
                _ = process.finish(timeout: .seconds(10))
            }
        }
        for port in [oursAt, nginxAt] { try await waitFor(port) }
        var samples: [[(speed: Double, cost: Double)]] = [[], []]
        for _ in 0..<Self.rounds {
            for (index, (process, port)) in [(ours, oursAt), (nginx, nginxAt)].enumerated() {
                samples[index].append(try await round(process.pid, port, isSealed))
            }
        }
        let figures = samples.map { Figures(speed: $0.map(\.speed).median, cost: $0.map(\.cost).median) }
        return (figures[0], figures[1])
    }

    private func start(_ words: [String]) throws -> RunningCommand { try RunningCommand(words) }

    private func settings(port: Int, isSealed: Bool) -> String {
        let identity = "\(folder)/identity"
        let tls = """
            ssl_certificate \(identity)/node.crt; ssl_certificate_key \(identity)/node.key;
            ssl_client_certificate \(identity)/ca.crt; ssl_verify_client on; ssl_protocols TLSv1.3;
            """
        return """
            daemon off; worker_processes 1; pid \(folder)/nginx.pid; error_log \(folder)/nginx.log;
            events { worker_connections 256; }
            http {
              access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
              client_body_temp_path \(folder); proxy_temp_path \(folder); fastcgi_temp_path \(folder);
              uwsgi_temp_path \(folder); scgi_temp_path \(folder);
              server { listen 127.0.0.1:\(port)\(isSealed ? " ssl" : ""); root \(folder); \(isSealed ? tls : "") }
            }
            """
    }

    private func waitFor(_ port: Int) async throws {
        for _ in 0..<200 {
            if try await run(["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]).status == 0 { return }
            usleep(25_000)
        }
        throw NotReady()
    }

    /// Every piece once for each client, in one keep-alive connection each.
    private func round(_ pid: Int32, _ port: Int, _ isSealed: Bool) async throws -> (speed: Double, cost: Double) {
        let address = isSealed ? "https://\(name):\(port)/file" : "http://127.0.0.1:\(port)/file"
        let identity = "\(folder)/identity"
        var lines: [String] = []
        for start in stride(from: 0, to: Self.size, by: Self.piece) {
            lines += ["url = \"\(address)\"", "output = /dev/null", "range = \(start)-\(start + Self.piece - 1)"]
            if isSealed {
                lines += [
                    "cacert = \(identity)/ca.crt", "cert = \(identity)/node.crt", "key = \(identity)/node.key",
                    "resolve = \(name):\(port):127.0.0.1", "tls13-ciphers = TLS_AES_128_GCM_SHA256",
                ]
            }
            lines += ["fail", "next"]
        }
        let list = "\(folder)/list-\(port)"
        try WholeFile.replace(list, with: Array(lines.dropLast().joined(separator: "\n").utf8))
        let before = Self.processorSeconds(of: pid)
        let clock = ContinuousClock()
        let began = clock.now
        try await withThrowingTaskGroup(of: Int32.self) { group in
            for _ in 0..<Self.clients { group.addTask { try await run(["curl", "-s", "-K", list]).status } }
            for try await status in group where status != 0 { throw NotReady() }
        }
        let took = clock.now - began
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        let bytes = Double(Self.size * Self.clients)
        return (bytes / seconds / 1e6, (Self.processorSeconds(of: pid) - before) / (bytes / 1e9))
    }

    /// Of a process and its children.
    private static func processorSeconds(of pid: Int32) -> Double {
        var sum = 0.0
        for name in (try? Files.list("/proc")) ?? [] {
            guard let number = Int32(name), let bytes = try? WholeFile.read("/proc/\(number)/stat") else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.lastIndex(of: ")") else { continue }
            let fields = text[text.index(after: end)...].split(separator: " ")
            guard fields.count > 12, number == pid || Int32(fields[1]) == pid,
                let user = Double(fields[11]), let system = Double(fields[12])
            else { continue }
            sum += (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        return sum
    }
}
