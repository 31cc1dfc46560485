internal import AsyncHTTPClient
internal import ClusterModel
internal import Identity
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import NIOSSL

/// Opens connections to the nodes' stream servers.
///
/// With TLS only the node itself is believed, by the name in its certificate: a node that says another's address reaches nobody.
package struct NodeDialer: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let group: any EventLoopGroup
    private let tls: (@Sendable () -> TLSConfiguration)?

    /// Without `tls`, which is asked for each connection, it speaks in the clear: for nodes on this machine.
    package init(group: any EventLoopGroup, tls: (@Sendable () -> TLSConfiguration)? = nil) {
        self.group = group
        self.tls = tls
    }

    /// Where the node says that it streams.
    private static func place(of node: NodeObject) throws(APIError) -> (host: String, port: Int) {
        let port = node.status["daemonEndpoints"]["kubeletEndpoint"]["Port"].number ?? 0
        guard let host = node.address("InternalIP") ?? node.address("Hostname"), (1...65535).contains(port) else {
            throw APIError.unavailable("node \(node.name): it says no address to stream from")
        }
        return (host, port)
    }

    /// Asks a node for something that it may stream without end.
    ///
    /// - Throws: ``APIError/unavailable(_:)``, naming the node.
    func get(_ path: String, from node: NodeObject) async throws(APIError) -> NodeAnswer {
        let (host, port) = try Self.place(of: node)
        let name = CertificateHolder.streamName(of: node.name)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        configuration.dnsOverride = [name: host]
        configuration.tlsConfiguration = tls?()
        let client = NodeClient(configuration, group)
        do {
            let request = HTTPClientRequest(url: "\(tls == nil ? "http" : "https")://\(name):\(port)\(path)")
            return NodeAnswer(
                response: try await client.http.execute(request, deadline: .distantFuture), client: client)
        } catch {
            throw .unavailable("node \(node.name): \(host):\(port): \(error)")
        }
    }

    /// Opens a connection for bytes both ways.
    ///
    /// - Throws: ``APIError/unavailable(_:)``, naming the node.
    func connect(to node: NodeObject) async throws -> Connection {
        let (host, port) = try Self.place(of: node)
        let name = CertificateHolder.streamName(of: node.name)
        do {
            let context = try tls.map { try NIOSSLContext(configuration: $0()) }
            return try await ClientBootstrap(group: group)
                .connectTimeout(.seconds(5))
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let context {
                            try channel.pipeline.syncOperations.addHandler(
                                try NIOSSLClientHandler(context: context, serverHostname: name))
                        }
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw APIError.unavailable("node \(node.name): \(host):\(port): \(error)")
        }
    }
}

/// A client for one node, as long as somebody reads its answer.
private final class NodeClient: Sendable {
    let http: HTTPClient

    init(_ configuration: HTTPClient.Configuration, _ group: any EventLoopGroup) {
        http = HTTPClient(eventLoopGroup: group, configuration: configuration)
    }

    deinit { http.shutdown { _ in } }
}

/// What a node answers: a code, and a body piece by piece.
struct NodeAnswer: Sendable {
    private let response: HTTPClientResponse
    private let client: NodeClient

    fileprivate init(response: HTTPClientResponse, client: NodeClient) {
        self.response = response
        self.client = client
    }

    var code: Int { Int(response.status.code) }

    func collect(upTo most: Int) async throws -> ByteBuffer { try await response.body.collect(upTo: most) }

    /// The client lives as long as somebody reads.
    var pieces: AsyncMapSequence<HTTPClientResponse.Body, ByteBuffer> {
        response.body.map { [client] piece in withExtendedLifetime(client) { piece } }
    }
}
