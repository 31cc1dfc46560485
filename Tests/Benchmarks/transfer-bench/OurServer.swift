import Glibc
import Identity
import LinuxKernel
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Transfer

/// The piece server, in a process of its own.
enum OurServer {
    static func serve(file: String, port: String, identity: String?) async throws {
        signal(SIGPIPE, SIG_IGN)
        let group = MultiThreadedEventLoopGroup.singleton
        let size = try Files.status(file).size
        let tls = try identity.flatMap { try NodeCredentials(folder: $0) }?.serverContext()
        let server = TransferServer(
            host: "127.0.0.1", port: Int(port) ?? 0, tls: tls, group: group,
            upload: RateLimit(rate: nil, loop: group.any()), logger: Logger(label: "bench")
        ) { request, loop in
            loop.makeCompletedFuture {
                guard let range = request.range.flatMap({ PieceRange.parse($0, size: size) }) else {
                    return .refusal(416, "no such range")
                }
                return .file(FilePart(try Descriptor.open(file), range, of: size))
            }
        }
        try await server.bind()
        try await server.run()
    }
}
