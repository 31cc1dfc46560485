package import AsyncHTTPClient
internal import ClusterModel
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NodeStreams
package import NIOSSL

/// Opens connections to the nodes' stream servers.
package struct NodeDialer: Sendable {
    private let group: any EventLoopGroup
    private let tls: NIOSSLContext?
    private let client: HTTPClient

    /// Without `tls` it speaks in the clear: for nodes on this machine.
    ///
    /// `client` carries the same settings.
    package init(group: any EventLoopGroup, client: HTTPClient, tls: NIOSSLContext? = nil) {
        self.group = group
        self.client = client
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
    func get(_ path: String, from node: NodeObject) async throws(APIError) -> HTTPClientResponse {
        let (host, port) = try Self.place(of: node)
        let scheme = tls == nil ? "http" : "https"
        let request = HTTPClientRequest(url: "\(scheme)://\(host):\(port)\(path)")
        do {
            return try await client.execute(request, deadline: .distantFuture)
        } catch {
            throw .unavailable("node \(node.name): \(host):\(port): \(error)")
        }
    }

    /// Opens a connection for bytes both ways.
    ///
    /// - Throws: ``APIError/unavailable(_:)``, naming the node.
    func connect(to node: NodeObject) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let (host, port) = try Self.place(of: node)
        let tls = tls
        do {
            return try await ClientBootstrap(group: group)
                .connectTimeout(.seconds(5))
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(
                                try NIOSSLClientHandler(context: tls, serverHostname: nil))
                        }
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw APIError.unavailable("node \(node.name): \(host):\(port): \(error)")
        }
    }
}

/// The head of a node's answer, read off a connection.
struct AnswerHead: Equatable {
    static let longest = 64 * 1024

    let status: Int
    /// What came behind the head already.
    let rest: ByteBuffer

    /// `nil` until the head is complete.
    init?(_ bytes: ByteBuffer) {
        var bytes = bytes
        let view = bytes.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let text = bytes.readString(length: view.distance(from: view.startIndex, to: end.lowerBound)) ?? ""
        bytes.moveReaderIndex(forwardBy: 4)
        rest = bytes
        status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}

extension APIServer {
    /// Logs, commands and terminals of a pod, from the node that runs it.
    ///
    /// The node speaks the client's protocol: what goes through here is passed on as it is.
    func stream(
        _ subresource: String, _ namespace: String, _ name: String, _ request: APIRequest, _ source: RequestSource
    ) async throws -> Response {
        let pod = PodObject(try await objects.get(Catalog.pod, namespace, name).object.value)
        let container = try Self.container(request.query["container"], of: pod)
        guard let dialer else { throw APIError.unavailable("this server reaches no node's streams") }
        guard let home = pod.nodeName else {
            throw APIError.badRequest("pod \(name) does not have a host assigned")
        }
        let node = NodeObject(try await objects.get(Catalog.node, nil, home).object.value)
        let verb = subresource == "log" ? "containerLogs" : subresource
        let parts = [namespace, name, container].map { QueryItems.escaped($0) }
        let query = (request.request.head.path ?? "").split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        let path = "/\(verb)/\(parts.joined(separator: "/"))" + (query.isEmpty ? "" : "?\(query)")
        return subresource == "log"
            ? try await Self.relayLog(path, node, dialer)
            : try Self.relayCommand(path, node, dialer, request, source)
    }

    /// The container that is meant: the one named, or the only one.
    static func container(_ named: String?, of pod: PodObject) throws(APIError) -> String {
        let all = (pod.containers + pod.initContainers).map(\.name)
        if let named, !named.isEmpty {
            guard all.contains(named) else {
                throw .badRequest("container \(named) is not valid for pod \(pod.name)")
            }
            return named
        }
        guard let first = pod.containers.first, pod.containers.count == 1 else {
            throw .badRequest(
                "a container name must be specified for pod \(pod.name), choose one of: [\(all.joined(separator: " "))]"
            )
        }
        return first.name
    }

    private static func relayLog(_ path: String, _ node: NodeObject, _ dialer: NodeDialer) async throws -> Response {
        let answer = try await dialer.get(path, from: node)
        guard answer.status == .ok else {
            let body = try await answer.body.collect(upTo: 64 * 1024)
            return Response(
                status: HTTPResponse.Status(code: Int(answer.status.code)), headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: body))
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain"], body: ResponseBody(asyncSequence: answer.body))
    }

    /// Answers the client's handshake, then passes the same one on to the node and bytes both ways; when the node refuses, the
    /// client is told on the stream's own channel for that.
    private static func relayCommand(
        _ path: String, _ node: NodeObject, _ dialer: NodeDialer, _ request: APIRequest, _ source: RequestSource
    ) throws(APIError) -> Response {
        guard let offers = WebSocketHandshake.offers(request.request) else {
            throw .badRequest("Upgrade request required: a WebSocket is expected")
        }
        guard let chosen = ChannelTerminal.protocols.first(where: offers.contains) else {
            throw .badRequest("unable to upgrade: none of the protocols is known: \(offers.joined(separator: ", "))")
        }
        let key = request.request.headers[.webSocketKey] ?? ""
        let opening = ByteBuffer(
            string: """
                GET \(path) HTTP/1.1\r\nHost: node\r\nX-Request-Id: \(source.requestID)\r\nUpgrade: websocket\r\n\
                Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n\
                Sec-WebSocket-Protocol: \(chosen)\r\n\r\n
                """)
        source.takeover.hijack { stream in
            do {
                let channel = try await dialer.connect(to: node)
                try await channel.executeThenClose { inbound, outbound in
                    try await outbound.write(opening)
                    try await relay(stream, inbound, outbound)
                }
            } catch let error as APIError {
                try await ChannelTerminal(WebSocketSession(stream)).finish(failure: error.message)
            }
        }
        return WebSocketHandshake.response(to: request.request, choosing: chosen)
    }

    private static func relay(
        _ stream: HijackedStream, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        var fromNode = inbound.makeAsyncIterator()
        var gathered = ByteBuffer()
        var head: AnswerHead?
        while head == nil, gathered.readableBytes <= AnswerHead.longest, let bytes = try await fromNode.next() {
            gathered.writeImmutableBuffer(bytes)
            head = AnswerHead(gathered)
        }
        guard let head, head.status == 101 else {
            throw APIError.unavailable("the node refused: \(head.map { String(buffer: $0.rest) } ?? "no answer")")
        }
        if head.rest.readableBytes > 0 { try await stream.write(head.rest) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while let bytes = try await stream.read() { try await outbound.write(bytes) }
            }
            while let bytes = try await fromNode.next() { try await stream.write(bytes) }
            group.cancelAll()
        }
    }
}
