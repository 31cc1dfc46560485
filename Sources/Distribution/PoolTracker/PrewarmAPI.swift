internal import Glibc
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
package import JSON
internal import Lanes
internal import NIOCore
internal import Prewarm

/// Reads the documents of a YAML text; throws a reason that people can read.
package typealias YAMLReader = @Sendable (_ text: String) throws -> [JSONValue]

/// The tracker's Unix socket, for people: prewarms.
///
/// ```
/// GET    /prewarms              all, the newest first
/// POST   /prewarms              a plan; answered with the run, or with the standing plan when it has a schedule
/// POST   /prewarms/read         plans in YAML, as a JSON string; answered with a list of plans, nothing begins
/// GET    /prewarms/1            one
/// POST   /prewarms/1/pause      also resume, cancel, retry
/// GET    /schedules             the standing plans
/// DELETE /schedules/nightly     forgets one
/// GET    /nodes                 the nodes that can be meant
/// GET    /metrics               for Prometheus
/// ```
struct PrewarmAPI: Sendable {
    let desk: PrewarmDesk
    let readYAML: YAMLReader
    let metrics: MetricsRegistry

    private static let longestPlan = 1 << 20

    @Sendable func respond(to request: Request, _ source: RequestSource) async throws -> Response {
        let path = (request.head.path ?? "/").prefix { $0 != "?" }.split(separator: "/").map(String.init)
        let now = Int64(time(nil))
        switch (request.method, path.first, path.count) {
        case (.get, "prewarms", 1): return Self.json(await asking { $0.list() })
        case (.get, "prewarms", 2):
            let id = path[1]
            return await asking { $0.show(id) }.map { Self.json($0) } ?? Self.missing(id)
        case (.post, "prewarms", 1): return try await begin(request, now)
        case (.post, "prewarms", 2) where path[1] == "read": return try await read(request)
        case (.post, "prewarms", 3): return await change(path[1], path[2], now)
        case (.get, "schedules", 1): return Self.json(await asking { $0.schedules() })
        case (.delete, "schedules", 2):
            let name = path[1]
            return await asking { $0.dismiss(name) }.map { Self.json($0) } ?? Self.missing(name)
        case (.get, "metrics", 1):
            let text = await asking { [metrics] _ in metrics.text() }
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case (.get, "nodes", 1): return Self.json(await asking { $0.nodes(now: now) })
        default: return Self.error(.notFound, "page not found")
        }
    }

    /// Asks the desk on a lane: it may be writing something down just then.
    private func asking<Value: Sendable>(_ body: @escaping @Sendable (PrewarmDesk) -> Value) async -> Value {
        let desk = desk
        return await Lanes.shared.run { body(desk) }
    }

    private func begin(_ request: Request, _ now: Int64) async throws -> Response {
        let body = try await request.body.collect(upTo: Self.longestPlan)
        let plan: PrewarmPlan
        do throws(JSONError) {
            plan = try PrewarmPlan(parsing: Array(body.readableBytesView))
        } catch {
            return Self.error(.badRequest, error.description)
        }
        let desk = desk
        guard plan.schedule != nil else {
            return await Self.answer(plan.name) { () throws(PrewarmFailure) in try desk.begin(plan, now: now).shownJSON
            }
        }
        guard !plan.name.isEmpty else {
            return Self.error(.badRequest, "a prewarm with a schedule needs a name, which files have in metadata")
        }
        return await Self.answer(plan.name) { () throws(PrewarmFailure) in try desk.stand(plan, now: now) }
    }

    private func read(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: Self.longestPlan)
        do {
            guard let text = try JSONValue(parsing: Array(body.readableBytesView)).stringValue else {
                return Self.error(.badRequest, "expected YAML in a string")
            }
            let documents = try readYAML(text)
            guard !documents.isEmpty else { return Self.error(.badRequest, "there is nothing in it") }
            return Self.json(
                .array(try documents.map { try PrewarmManifest(json: JSONField($0)).plan.shownJSON }))
        } catch {
            return Self.error(.badRequest, "\(error)")
        }
    }

    private func change(_ id: String, _ word: String, _ now: Int64) async -> Response {
        let body: (@Sendable (inout PrewarmRun) -> Void)? =
            switch word {
            case "pause": { $0.pause() }
            case "resume": { $0.resume(now: now) }
            case "cancel": { $0.cancel() }
            case "retry": { $0.retry(now: now) }
            default: nil
            }
        guard let body else { return Self.error(.notFound, "page not found") }
        let desk = desk
        return await Self.answer(id) { () throws(PrewarmFailure) in try desk.change(id, body)?.shownJSON }
    }

    /// Runs `body`, which blocks on the disk, on a lane; nil is that nothing is called `name`.
    private static func answer(
        _ name: String, _ body: @escaping @Sendable () throws(PrewarmFailure) -> JSONValue?
    ) async -> Response {
        do throws(PrewarmFailure) {
            guard let answer = try await Lanes.shared.run(body) else { return missing(name) }
            return json(answer)
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
