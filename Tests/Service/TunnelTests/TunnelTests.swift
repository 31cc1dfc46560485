import Glibc
import NIOCore
import NIOPosix
import Testing
import Tunnel

/// A server that takes connections and never says anything.
private func withSilentServer(_ body: (TunnelTarget) async throws -> Void) async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
    let target = TunnelTarget(
        host: "127.0.0.1", port: server.localAddress?.port ?? 0, authority: nil, certificate: nil, key: nil,
        verifies: false)
    do { try await body(target) } catch {
        try await server.close()
        throw error
    }
    try await server.close()
}

/// Both ends of a socket pair.
private func socketPair() throws -> (ours: CInt, theirs: CInt) {
    var ends: [CInt] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    return (ends[0], ends[1])
}

@Suite("A tunnel to a server that does not agree on TLS", .timeLimit(.minutes(1)))
struct TunnelTests {
    @Test("who opened it is told, after a while")
    func silence() async throws {
        try await withSilentServer { target in
            let pair = try socketPair()
            defer { close(pair.ours) }
            let error = await #expect(throws: TunnelError.self) {
                try await Tunnel.carry(pair.theirs, to: target, patience: .milliseconds(50))
            }
            #expect(error == .refused("it does not agree on TLS in 50 ms"))
            // It was told before the tunnel ended: nothing blocks here.
            var bytes = [UInt8](repeating: 0, count: 200)
            let count = read(pair.ours, &bytes, bytes.count)
            #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == error?.description)
        }
    }

    @Test("it ends when nobody waits for it any more")
    func departure() async throws {
        try await withSilentServer { target in
            let pair = try socketPair()
            let carrying = Task { try await Tunnel.carry(pair.theirs, to: target, patience: .seconds(3600)) }
            close(pair.ours)
            let outcome = await carrying.result
            #expect(throws: (any Error).self) { try outcome.get() }
        }
    }
}
