import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import TestSupport
import Testing

@testable import HTTPKit

@Suite struct TLSTests {
    private func withTLSServer(_ body: (SocketAddress) async throws -> Void) async throws {
        try await withScratchDirectory { directory in
            for (name, text) in [
                ("ca", TestCertificates.authority), ("cert", TestCertificates.server),
                ("key", TestCertificates.serverKey),
            ] {
                try write(text, to: "\(directory)/\(name)")
            }
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let server = HTTPServer(
                listeners: [
                    .tls(
                        TLSListener(
                            host: "127.0.0.1", port: 0, authority: "\(directory)/ca", certificate: "\(directory)/cert",
                            key: "\(directory)/key"))
                ], group: MultiThreadedEventLoopGroup.singleton, logger: logger, respond: TestRoutes().respond)
            try await server.bind()
            let services = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: logger))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await services.run() }
                try await body(try #require(server.addresses.first))
                await services.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }

    /// What a client with `certificate` gets; empty when the server hung up.
    private func ask(
        _ address: SocketAddress, _ text: String, certificate: (String, String)?
    ) async throws -> String {
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.authority.utf8)))
        settings.certificateVerification = .noHostnameVerification
        if let (chain, key) = certificate {
            settings.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8)).map { .certificate($0) }
            settings.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
        }
        let context = try NIOSSLContext(configuration: settings)
        let client = try await RawClient(address, tls: context)
        try? await client.send(text)
        return await client.readToEnd()
    }

    @Test("a client of our authority is served, and can take the connection over") func ours() async throws {
        try await withTLSServer { address in
            let certificate = (TestCertificates.client, TestCertificates.clientKey)
            let plain = try await ask(
                address, "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", certificate: certificate)
            #expect(plain.hasSuffix("\r\n\r\nhello"))
            let frames = try await ask(address, "POST /frames HTTP/1.1\r\n\r\n", certificate: certificate)
            #expect(frames.hasSuffix("line 99\n"))
        }
    }

    @Test("a client without a certificate, or with another authority's, is not served") func theirs() async throws {
        try await withTLSServer { address in
            let text = "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n"
            let stranger = (TestCertificates.stranger, TestCertificates.strangerKey)
            let toNobody = try await ask(address, text, certificate: nil)
            #expect(toNobody == "")
            let toStranger = try await ask(address, text, certificate: stranger)
            #expect(toStranger == "")
        }
    }

    @Test("files that are no certificates are an error of their own") func noCertificates() async throws {
        try await withScratchDirectory { directory in
            try write("nothing", to: "\(directory)/x")
            let path = "\(directory)/x"
            let listener = TLSListener(host: "127.0.0.1", port: 0, authority: path, certificate: path, key: path)
            #expect(throws: ListenError.self) { _ = try listener.context() }
        }
    }
}
