import ClusterModel
import ClusterStore
import HTTPTypes
import JSON
import Logging
import Testing

@testable import APIServer

extension Fixture {
    /// Waits until the store has changed so that `isTrue`.
    func eventually(_ isTrue: () async throws -> Bool) async throws {
        let watch = try await api.objects.store.watch(WatchRequest(.folder(.all)))
        while try await !isTrue() { _ = try await watch.next() }
    }

    /// Runs `body` beside the collector.
    func withCollector(_ body: () async throws -> Void) async throws {
        let collector = Collector(api.objects, logger: Logger(label: "test"))
        let task = Task { try await collector.run() }
        defer { task.cancel() }
        try await body()
    }
}

@Suite("What belongs to objects that go", .timeLimit(.minutes(1)))
struct CollectorTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"

    private func make(_ name: String, ownedBy owners: [JSONValue] = [], blocks: Bool = true, _ fixture: Fixture)
        async throws
        -> JSONValue
    {
        var map: JSONValue = ["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["name": .string(name)]]
        if !owners.isEmpty {
            map["metadata"]?["ownerReferences"] = .array(
                owners.map { owner in
                    [
                        "apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]?["name"] ?? "",
                        "uid": owner["metadata"]?["uid"] ?? "", "blockOwnerDeletion": .bool(blocks),
                    ]
                })
        }
        let made = try await fixture.send(.post, Self.maps, map)
        try #require(made.status == 201, "\(made)")
        return made.value
    }

    private func status(_ name: String, _ fixture: Fixture) async throws -> Int {
        try await fixture.send(.get, "\(Self.maps)/\(name)").status
    }

    @Test("goes when the last owner has gone, and not before")
    func background() async throws {
        let fixture = try await Fixture()
        try await fixture.withCollector {
            let (one, two) = (try await make("one", fixture), try await make("two", fixture))
            let child = try await make("child", ownedBy: [one, two], fixture)
            _ = try await make("grandchild", ownedBy: [child], fixture)
            #expect(try await fixture.send(.delete, Self.maps + "/one").status == 200)
            // Something that the collector does later shows that it has seen the deletion.
            let (third, last) = (try await make("third", fixture), "of-third")
            _ = try await make(last, ownedBy: [third], fixture)
            #expect(try await fixture.send(.delete, Self.maps + "/third").status == 200)
            try await fixture.eventually { try await status(last, fixture) == 404 }
            #expect(try await status("child", fixture) == 200)
            #expect(try await fixture.send(.delete, Self.maps + "/two").status == 200)
            try await fixture.eventually { try await status("grandchild", fixture) == 404 }
            #expect(try await status("child", fixture) == 404)
        }
    }

    @Test("goes before its owner when that waits for it, and stays without one when it is left behind")
    func policies() async throws {
        let fixture = try await Fixture()
        let waits = try await make("waits", fixture)
        _ = try await make("first", ownedBy: [waits], fixture)
        let leaves = try await make("leaves", fixture)
        _ = try await make("left", ownedBy: [leaves], fixture)
        let foreground = try await fixture.send(
            .delete, Self.maps + "/waits", ["kind": "DeleteOptions", "propagationPolicy": "Foreground"])
        #expect(foreground.value["metadata"]?["finalizers"] == ["foregroundDeletion"])
        _ = try await fixture.send(.delete, Self.maps + "/leaves?propagationPolicy=Orphan")
        #expect(try await status("waits", fixture) == 200)
        try await fixture.withCollector {
            try await fixture.eventually {
                let isGone = try await status("waits", fixture) == 404
                if isGone { #expect(try await status("first", fixture) == 404) }
                return isGone
            }
            try await fixture.eventually { try await status("leaves", fixture) == 404 }
            let left = try await fixture.send(.get, Self.maps + "/left")
            #expect(left.status == 200 && left.value["metadata"]?["ownerReferences"] == nil)
        }
    }

    @Test("an object whose owner never was goes, a namespace is emptied before it goes")
    func orphansAndNamespaces() async throws {
        let fixture = try await Fixture()
        try await fixture.withCollector {
            _ = try await make(
                "orphan", ownedBy: [["metadata": ["name": "nobody", "uid": "none"]]], fixture)
            try await fixture.eventually { try await status("orphan", fixture) == 404 }
            let space: JSONValue = ["kind": "Namespace", "apiVersion": "v1", "metadata": ["name": "gone"]]
            #expect(try await fixture.send(.post, "/api/v1/namespaces", space).status == 201)
            let inside: JSONValue = ["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["name": "inside"]]
            let path = "/api/v1/namespaces/gone/configmaps"
            #expect(try await fixture.send(.post, path, inside).status == 201)
            let deleted = try await fixture.send(.delete, "/api/v1/namespaces/gone")
            #expect(deleted.value["status"]?["phase"] == "Terminating")
            try await fixture.eventually {
                try await fixture.send(.get, "/api/v1/namespaces/gone").status == 404
            }
            #expect(try await fixture.send(.get, path + "/inside").status == 404)
        }
    }

    @Test("what has a finalizer stays, marked, until the last one is taken away")
    func finalizers() async throws {
        let fixture = try await Fixture()
        var map: JSONValue = ["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["name": "kept"]]
        map["metadata"]?["finalizers"] = ["example.com/a", "example.com/b"]
        #expect(try await fixture.send(.post, Self.maps, map).status == 201)
        let marked = try await fixture.send(.delete, Self.maps + "/kept")
        #expect(marked.status == 200 && marked.value["metadata"]?["deletionTimestamp"] != nil)
        let again = try await fixture.send(.delete, Self.maps + "/kept")
        #expect(again.value["metadata"]?["deletionTimestamp"] == marked.value["metadata"]?["deletionTimestamp"])
        func leave(_ finalizers: JSONValue) async throws -> Int {
            try await fixture.send(
                .patch, Self.maps + "/kept", ["metadata": ["finalizers": finalizers]],
                type: "application/merge-patch+json"
            ).status
        }
        #expect(try await leave(["example.com/a", "example.com/b", "example.com/c"]) == 422, "none is added any more")
        #expect(try await leave(["example.com/b"]) == 200)
        #expect(try await status("kept", fixture) == 200)
        #expect(try await leave([]) == 200)
        #expect(try await status("kept", fixture) == 404)
    }
}
