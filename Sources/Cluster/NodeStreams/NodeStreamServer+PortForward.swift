internal import HTTPKit
internal import HTTPTypes
package import Hummingbird
internal import Logging

/// How a client forwards ports.
package enum PortForwardUpgrade: Equatable, Sendable {
    /// A WebSocket with this subprotocol.
    case webSocket(String)
    /// A bare SPDY connection.
    case spdy

    /// What the request asks for; `nil` when it is nothing that is spoken here.
    package init?(_ request: Request) {
        if let offers = WebSocketHandshake.offers(request) {
            let known = [SPDYPortForward.tunnel, ChannelPortForward.version]
            guard let chosen = known.first(where: offers.contains) else { return nil }
            self = .webSocket(chosen)
            return
        }
        let versions = request.headers[values: .streamVersion].flatMap { $0.split(separator: ",") }
        guard request.headers[.upgrade]?.lowercased() == SPDYPortForward.upgrade.lowercased(),
            versions.isEmpty || versions.contains(where: { $0.filter { $0 != " " } == SPDYPortForward.version })
        else { return nil }
        self = .spdy
    }

    /// The head that changes the protocol.
    package func response(to request: Request) -> Response {
        switch self {
        case .webSocket(let chosen): return WebSocketHandshake.response(to: request, choosing: chosen)
        case .spdy:
            var headers: HTTPFields = [.upgrade: SPDYPortForward.upgrade, .connection: "Upgrade"]
            headers[.streamVersion] = SPDYPortForward.version
            return Response(status: .switchingProtocols, headers: headers)
        }
    }

    /// The head of the same request to somebody else.
    package func opening(_ path: String, requestID: String, key: String) -> String {
        let head = "Host: node\r\nX-Request-Id: \(requestID)\r\nConnection: Upgrade\r\n"
        return switch self {
        case .webSocket(let chosen):
            "GET \(path) HTTP/1.1\r\n\(head)Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Protocol: \(chosen)\r\n\r\n"
        case .spdy:
            "POST \(path) HTTP/1.1\r\n\(head)Upgrade: \(SPDYPortForward.upgrade)\r\nContent-Length: 0\r\n"
                + "X-Stream-Protocol-Version: \(SPDYPortForward.version)\r\n\r\n"
        }
    }
}

extension HTTPField.Name {
    static let streamVersion = HTTPField.Name("X-Stream-Protocol-Version") ?? .upgrade
}

extension NodeStreamServer {
    func forward(
        _ pod: PodContainer, _ query: QueryItems, _ request: Request, _ source: RequestSource
    ) async throws(PodStreamError) -> Response {
        guard let upgrade = PortForwardUpgrade(request) else {
            throw .invalid("unable to upgrade: a WebSocket or SPDY/3.1 is expected")
        }
        let ports = try Self.ports(query, isNeeded: upgrade == .webSocket(ChannelPortForward.version))
        try await streams.check(pod)
        let (streams, logger) = (streams, source.logger)
        source.takeover.hijack { stream in
            do {
                switch upgrade {
                case .webSocket(ChannelPortForward.version):
                    try await ChannelPortForward(WebSocketSession(stream), ports, pod, streams).run()
                case .webSocket:
                    try await SPDYPortForward(PortTransport(WebSocketSession(stream)), pod, streams).run()
                case .spdy: try await SPDYPortForward(PortTransport(stream), pod, streams).run()
                }
            } catch {
                logger.debug("port-forward ended", metadata: ["reason": "\(error)"])
            }
        }
        return upgrade.response(to: request)
    }

    /// The ports that the request names, in one parameter or in several.
    static func ports(_ query: QueryItems, isNeeded: Bool) throws(PodStreamError) -> [Int] {
        var ports: [Int] = []
        for text in query.all("ports").flatMap({ $0.split(separator: ",") }) {
            guard let port = Int(text), (1...65535).contains(port) else {
                throw .invalid("ports: Invalid value: \"\(text)\": must be between 1 and 65535, inclusive")
            }
            ports.append(port)
        }
        guard !isNeeded || (1...ChannelPortForward.mostPorts).contains(ports.count) else {
            throw .invalid("ports: Required value: 1 to \(ChannelPortForward.mostPorts) ports")
        }
        return ports
    }
}
