internal import HTTPKit
internal import Hummingbird
internal import NIOCore

/// `/metrics`, for Prometheus.
struct MetricsRoutes: Sendable {
    let metrics: MetricsRegistry

    func add(to router: Router<EngineContext>) {
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text())))
        }
    }
}
