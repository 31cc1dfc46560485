internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `/_ping`: how clients learn which version to speak.
struct PingRoutes: Sendable {
    func add(to router: Router<EngineContext>) {
        router.get("/_ping", use: ping)
        router.head("/_ping", use: ping)
    }

    @Sendable func ping(_ request: Request, _ context: EngineContext) -> Response {
        let headers: HTTPFields = [
            .contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache, no-store, must-revalidate",
            .pragma: "no-cache", .builderVersion: "1", .swarm: "inactive",
        ]
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: "OK")))
    }
}

extension HTTPField.Name {
    static let pragma = HTTPField.Name("Pragma") ?? .cacheControl
}
