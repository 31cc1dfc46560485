internal import Glibc
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import Lanes
internal import NIOCore
internal import Prewarm

/// The tracker's Unix socket, for people: prewarms.
///
/// ```
/// GET  /prewarms              all, the newest first
/// POST /prewarms              a plan; answered with the run
/// GET  /prewarms/1            one
/// POST /prewarms/1/pause      also resume, cancel, retry
/// ```
struct PrewarmAPI: Sendable {
    let desk: PrewarmDesk

    private static let longestPlan = 1 << 20

    @Sendable func respond(to request: Request, _ source: RequestSource) async throws -> Response {
        let path = (request.head.path ?? "/").prefix { $0 != "?" }.split(separator: "/").map(String.init)
        guard path.first == "prewarms" else { return Self.error(.notFound, "page not found") }
        let desk = desk
        let now = Int64(time(nil))
        switch (request.method, path.count) {
        case (.get, 1): return Self.json(desk.list())
        case (.get, 2): return desk.show(path[1]).map { Self.json($0) } ?? Self.missing(path[1])
        case (.post, 1):
            let body = try await request.body.collect(upTo: Self.longestPlan)
            do throws(JSONError) {
                let plan = try PrewarmPlan(parsing: Array(body.readableBytesView))
                return await Self.answer { () throws(PrewarmFailure) in try desk.begin(plan, now: now) }
            } catch {
                return Self.error(.badRequest, error.description)
            }
        case (.post, 3):
            guard let change = Self.change(path[2], now) else { return Self.error(.notFound, "page not found") }
            let response = await Self.answer { () throws(PrewarmFailure) in try desk.change(path[1], change) }
            return response
        default: return Self.error(.notFound, "page not found")
        }
    }

    private static func change(_ word: String, _ now: Int64) -> (@Sendable (inout PrewarmRun) -> Void)? {
        switch word {
        case "pause": { $0.pause() }
        case "resume": { $0.resume(now: now) }
        case "cancel": { $0.cancel() }
        case "retry": { $0.retry(now: now) }
        default: nil
        }
    }

    /// Runs `body`, which blocks on the disk, on a lane.
    private static func answer(
        _ body: @escaping @Sendable () throws(PrewarmFailure) -> PrewarmRun?
    ) async -> Response {
        do throws(PrewarmFailure) {
            guard let run = try await Lanes.shared.run(body) else { return missing("it") }
            return json(run.shownJSON)
        } catch {
            return self.error(.conflict, error.reason)
        }
    }

    private static func missing(_ id: String) -> Response { error(.notFound, "no such prewarm: \(id)") }

    private static func error(_ status: HTTPResponse.Status, _ message: String) -> Response {
        json(["message": .string(message)], status)
    }

    private static func json(_ value: JSONValue, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.encoded())))
    }
}
