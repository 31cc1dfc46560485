internal import ClusterModel
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import Logging
internal import NIOCore
internal import NodeStreams

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
        let isForward = subresource == "portforward"
        let container = isForward ? "" : try Self.container(request.query["container"], of: pod)
        guard let dialer else { throw APIError.unavailable("this server reaches no node's streams") }
        guard let home = pod.nodeName else {
            throw APIError.badRequest("pod \(name) does not have a host assigned")
        }
        let node = NodeObject(try await objects.get(Catalog.node, nil, home).object.value)
        let verb = subresource == "log" ? "containerLogs" : subresource
        let parts = ([namespace, name] + (isForward ? [] : [container])).map { QueryItems.escaped($0) }
        let query = (request.request.head.path ?? "").split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        let path = "/\(verb)/\(parts.joined(separator: "/"))" + (query.isEmpty ? "" : "?\(query)")
        switch subresource {
        case "log": return try await Self.relayLog(path, node, dialer)
        case "portforward":
            guard pod.phase == .running else {
                throw APIError.badRequest(
                    "unable to forward port because pod is not running. Current status=\(pod.phase.rawValue)")
            }
            return try Self.relayPorts(path, node, dialer, request, source)
        default: return try Self.relayCommand(path, node, dialer, request, source)
        }
    }

    /// Passes on what forwards ports: the node speaks the protocol that the client has chosen.
    private static func relayPorts(
        _ path: String, _ node: NodeObject, _ dialer: NodeDialer, _ request: APIRequest, _ source: RequestSource
    ) throws(APIError) -> Response {
        guard let upgrade = PortForwardUpgrade(request.request) else {
            throw .badRequest("Upgrade request required: a WebSocket or SPDY/3.1 is expected")
        }
        let key = request.request.headers[.webSocketKey] ?? ""
        let opening = ByteBuffer(string: upgrade.opening(path, requestID: source.requestID, key: key))
        let logger = source.logger
        source.takeover.hijack { stream in
            do {
                try await dialer.connect(to: node).executeThenClose { inbound, outbound in
                    try await outbound.write(opening)
                    try await relay(stream, inbound, outbound)
                }
            } catch let error as APIError {
                logger.warning("ports are not forwarded", metadata: ["error": "\(error.message)"])
            }
        }
        return upgrade.response(to: request.request)
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
        guard answer.code == 200 else {
            let body = try await answer.collect(upTo: 64 * 1024)
            return Response(
                status: HTTPResponse.Status(code: answer.code), headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: body))
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain"], body: ResponseBody(asyncSequence: answer.pieces))
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

    /// Passes bytes on both ways, once the node has agreed, until the first of the two ends: then the other is told.
    private static func relay(
        _ stream: HijackedStream, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        let (agreement, agree) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var hasAgreed = false
                while let bytes = try await stream.read() {
                    if !hasAgreed { for await _ in agreement { break } }
                    hasAgreed = true
                    try await outbound.write(bytes)
                }
            }
            group.addTask {
                var opening: ByteBuffer? = ByteBuffer()
                for try await bytes in inbound {
                    guard var gathered = opening else {
                        try await stream.write(bytes)
                        continue
                    }
                    gathered.writeImmutableBuffer(bytes)
                    opening = gathered
                    guard let behind = try behindAgreement(gathered) else { continue }
                    opening = nil
                    agree.yield()
                    if behind.readableBytes > 0 { try await stream.write(behind) }
                }
                if opening != nil { throw APIError.unavailable("the node refused: no answer") }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// What a node sends behind the head by which it agrees; `nil` until that is complete.
    private static func behindAgreement(_ gathered: ByteBuffer) throws(APIError) -> ByteBuffer? {
        guard let head = AnswerHead(gathered) else {
            guard gathered.readableBytes <= AnswerHead.longest else {
                throw .unavailable("the node refused: it answers without end")
            }
            return nil
        }
        guard head.status == 101 else { throw .unavailable("the node refused: \(String(buffer: head.rest))") }
        return head.rest
    }
}
