internal import ArgumentParser
internal import Glibc
internal import Tunnel

/// Carries standard input, a socket, to a daemon behind TLS: what `pouch -H tcp://…` starts for each of its connections.
struct Dial: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Carry a socket on standard input to a daemon behind TLS.", shouldDisplay: false)

    @Argument(help: "A name or an address.") var host: String
    @Argument(help: "The port.") var port: Int
    @Option(help: "Who signs the daemon's certificate, in PEM.") var tlscacert: String?
    @Option(help: "Our certificate, in PEM.") var tlscert: String?
    @Option(help: "Its key, in PEM.") var tlskey: String?
    @Flag(help: "Believe any daemon.") var unverified = false

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let target = TunnelTarget(
            host: host, port: port, authority: tlscacert, certificate: tlscert, key: tlskey, verifies: !unverified)
        do {
            try await Tunnel.carry(dup(STDIN_FILENO), to: target)
        } catch let error as TunnelError {
            // Of other errors who asked has been told.
            if case .broken = error { Say.error("tcp://\(host):\(port): \(error)") }
            throw ExitCode(1)
        } catch {
            throw ExitCode(1)  // who asked has gone
        }
    }
}
