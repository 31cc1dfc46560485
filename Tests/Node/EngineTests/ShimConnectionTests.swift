@testable import Engine
import NIOCore
import NIOPosix
import ShimProtocol
import TestSupport
import Testing

@Suite("The connection to a shim")
struct ShimConnectionTests {
    @Test("a request after the shim's end fails instead of waiting for an answer")
    func afterTheEnd() async throws {
        try await withScratchDirectory { folder in
            let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .childChannelInitializer { $0.close() }
                .bind(unixDomainSocketPath: "\(folder)/\(ShimProtocol.FileName.socket)").get()
            let connection = try await ShimConnection.connect(folder)
            for await _ in connection.events {}
            for _ in 0..<20 {
                await #expect(throws: EngineError.self) { try await connection.request(.shutdown) }
            }
            connection.close()
            try await server.close()
        }
    }
}
