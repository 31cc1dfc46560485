import ClusterModel
import ClusterStore
import HTTPKit
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Synchronization
import Testing
import Units

@testable import APIServer

/// What a client of a watch has read so far.
private final class WatchedLines: Sendable {
    private let text = Mutex("")
    private let news: AsyncStream<Void>
    private let teller: AsyncStream<Void>.Continuation

    init() { (news, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func add(_ more: String) {
        text.withLock { $0 += more }
        teller.yield()
    }

    /// No more will come.
    func end() { teller.finish() }

    var events: [JSONValue] {
        text.withLock { $0 }.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
    }

    /// Waits until so many events are there, or until no more will come.
    func events(_ count: Int) async -> [JSONValue] {
        if events.count >= count { return events }
        for await _ in news where events.count >= count { break }
        return events
    }

    struct Writer: ResponseBodyWriter {
        let lines: WatchedLines
        func write(_ buffer: ByteBuffer) async throws { lines.add(String(buffer: buffer)) }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}

/// Time by hand.
final class HandClock: Sendable {
    private let time = Mutex(Timestamp(seconds: 1_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func pass(_ seconds: Int) { time.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }
}

@Suite("Watches of the API", .timeLimit(.minutes(1)))
struct WatchTests {
    private func withWatch(
        _ fixture: Fixture, _ query: String, path: String = Fixture.pods, _ body: (WatchedLines) async throws -> Void
    ) async throws {
        let head = HTTPRequest(method: .get, scheme: "http", authority: "x", path: "\(path)?watch=true&\(query)")
        let response = try await fixture.api.respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
            RequestSource(logger: Logger(label: "test"), requestID: "test"))
        try #require(response.status == .ok)
        let lines = WatchedLines()
        let reading = Task {
            defer { lines.end() }
            do { try await response.body.write(WatchedLines.Writer(lines: lines)) } catch {
                if !Task.isCancelled { Issue.record("the watch ended: \(error)") }
            }
        }
        do { try await body(lines) } catch {
            reading.cancel()
            throw error
        }
        reading.cancel()
        await reading.value
    }

    private static func summary(_ event: JSONValue) -> String {
        "\(event["type"]?.stringValue ?? "") \(event["object"]?["metadata"]?["name"]?.stringValue ?? "-")"
    }

    @Test("who asks for bookmarks is told where the store is, and goes on from there")
    func bookmarks() async throws {
        let fixture = try await Fixture()
        let start = fixture.api.objects.store.revision
        try await withWatch(fixture, "allowWatchBookmarks=true&resourceVersion=\(start)") { lines in
            _ = try await fixture.send(
                .post, "/api/v1/namespaces/default/configmaps",
                ["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["name": "other"]])
            await fixture.api.objects.store.announceProgress()
            let events = await lines.events(1)
            try #require(events.count == 1)
            #expect(events.map(Self.summary) == ["BOOKMARK -"])
            let revision = events[0]["object"]?["metadata"]?["resourceVersion"]?.stringValue
            #expect(revision == fixture.api.objects.store.revision.description && revision != start.description)
            #expect(events[0]["object"]?["kind"] == "Pod")
            _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("later"))
            #expect(await lines.events(2).map(Self.summary) == ["BOOKMARK -", "ADDED later"])
        }
        try await withWatch(fixture, "resourceVersion=\(start)") { lines in
            await fixture.api.objects.store.announceProgress()
            #expect(await lines.events(1).map(Self.summary) == ["ADDED later"], "who did not ask hears none")
        }
    }

    @Test("what was compacted is not told: 410, and the list begins anew")
    func compaction() async throws {
        let fixture = try await Fixture()
        for name in ["a", "b", "c"] { _ = try await fixture.send(.post, Fixture.pods, Fixture.pod(name)) }
        let page = try await fixture.send(.get, Fixture.pods + "?limit=1").value
        let old = page["metadata"]?["resourceVersion"]?.stringValue ?? ""
        let more = page["metadata"]?["continue"]?.stringValue ?? ""
        _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("d"))
        let store = fixture.api.objects.store
        try await store.compact(through: store.revision)
        let watch = try await fixture.send(.get, Fixture.pods + "?watch=true&resourceVersion=\(old)")
        #expect(watch.status == 410 && watch.value["reason"] == "Expired", "\(watch)")
        let rest = try await fixture.send(.get, Fixture.pods + "?limit=1&continue=\(more)")
        #expect(rest.status == 410, "\(rest)")
        let exact = try await fixture.send(
            .get, Fixture.pods + "?resourceVersion=\(old)&resourceVersionMatch=Exact")
        #expect(exact.status == 410, "\(exact)")
        #expect(try await fixture.send(.get, Fixture.pods).value["items"]?.arrayValue?.count == 4)
    }

    @Test("a node's watch of its own pods hears of one when it is bound, and of its end, with the store's bytes")
    func ownPods() async throws {
        let fixture = try await Fixture()
        let query = "fieldSelector=spec.nodeName%3Dn1&resourceVersion=\(fixture.api.objects.store.revision)"
        try await withWatch(fixture, query, path: "/api/v1/pods") { lines in
            for (name, node) in [("mine", "n1"), ("other", "n2")] {
                _ = try await fixture.send(.post, Fixture.pods, Fixture.pod(name))
                let bound = try await fixture.send(
                    .post, Fixture.pods + "/\(name)/binding",
                    ["kind": "Binding", "apiVersion": "v1", "target": ["kind": "Node", "name": .string(node)]])
                #expect(bound.status == 201)
            }
            _ = try await fixture.send(
                .patch, Fixture.pods + "/mine/status", ["status": ["phase": "Running"]],
                type: "application/merge-patch+json")
            let running = try await fixture.send(.get, Fixture.pods + "/mine").value
            _ = try await fixture.send(.delete, Fixture.pods + "/mine?gracePeriodSeconds=0")
            let events = await lines.events(3)
            try #require(events.count == 3, "\(events)")
            #expect(events.map(Self.summary) == ["ADDED mine", "MODIFIED mine", "DELETED mine"])
            #expect(events[1]["object"] == running)
        }
    }

    @Test("events end an hour after they were last written, and nothing else does")
    func eventsEnd() async throws {
        let clock = HandClock()
        let store = LocalStore(clock: { clock.now })
        let fixture = Fixture(api: APIServer(store, clock: { clock.now }))
        try await fixture.api.objects.prepare()
        let events = "/api/v1/namespaces/default/events"
        func make(_ name: String) async throws {
            let made = try await fixture.send(
                .post, events,
                [
                    "kind": "Event", "apiVersion": "v1", "metadata": ["name": .string(name)],
                    "involvedObject": ["kind": "Pod", "namespace": "default", "name": "p"], "reason": "R",
                ])
            #expect(made.status == 201, "\(made)")
        }
        func pass(_ seconds: Int) async {
            clock.pass(seconds)
            await store.endExpiredLeases()
        }
        try await make("counted")
        try await make("once")
        _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("web"))
        await pass(3000)
        let counted = try await fixture.send(
            .patch, events + "/counted", ["count": 2], type: "application/merge-patch+json")
        #expect(counted.status == 200)
        #expect(try await fixture.send(.get, events + "/once").status == 200)
        await pass(1000)
        #expect(try await fixture.send(.get, events + "/once").status == 404)
        #expect(try await fixture.send(.get, events + "/counted").status == 200)
        await pass(4000)
        #expect(try await fixture.send(.get, events + "/counted").status == 404)
        #expect(try await fixture.send(.get, Fixture.pods + "/web").status == 200)
    }
}
