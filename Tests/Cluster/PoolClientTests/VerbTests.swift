internal import ClusterModel
internal import JSON
internal import PoolClient
internal import Testing
internal import Units

@Suite("What people ask of a pool")
struct VerbTests {
    private let file: JSONValue = [
        "kind": "Pod", "metadata": ["name": "p", "labels": ["app": "x"]], "spec": ["containers": [["name": "a"]]],
    ]

    /// As the server has it: more than the file says.
    private var there: JSONValue {
        var object = AppliedPatch.remembering(file)
        object["metadata"]?["uid"] = "1"
        object["status"] = ["phase": "Running"]
        return object
    }

    @Test("what a file says already is no change")
    func unchanged() { #expect(AppliedPatch.patch(file, over: there) == nil) }

    @Test("what a file drops goes, what others added stays")
    func changed() throws {
        var wanted = file
        wanted["metadata"]?["labels"] = ["tier": "y"]
        var object = there
        object["metadata"]?["labels"]?["other"] = "theirs"
        let patch = try #require(AppliedPatch.patch(wanted, over: object))
        #expect(patch["metadata"]?["labels"] == ["tier": "y", "app": nil])
        #expect(patch["status"] == nil && patch["kind"] == nil && patch["spec"] == nil)
    }

    @Test(
        "kinds by all their names",
        arguments: [
            ("po", "pods"), ("Pod", "pods"), ("nodes", "nodes"), ("queue", "queues"), ("pc", "priorityclasses"),
        ])
    func kinds(word: String, plural: String) throws {
        #expect(try ObjectReference.kind(word).plural == plural)
    }

    @Test("several objects of one kind, of several, and one that there is not")
    func references() throws {
        #expect(try ObjectReference.all(["pod", "a", "b"]).map(\.name) == ["a", "b"])
        let mixed = try ObjectReference.all(["pod/a", "node/b"])
        #expect(mixed.map(\.kind.plural) == ["pods", "nodes"] && mixed.map(\.name) == ["a", "b"])
        #expect(throws: ManifestError.self) { try ObjectReference.all(["spoons"]) }
        #expect(mixed[0].kind.path(namespace: "n", name: "a") == "/api/v1/namespaces/n/pods/a")
        #expect(mixed[1].kind.path(namespace: "n", name: "b") == "/api/v1/nodes/b")
    }

    @Test("a table's wide columns are shown on request, and later rows stand below the first")
    func table() {
        let table: JSONValue = [
            "columnDefinitions": [["name": "Name", "priority": 0], ["name": "IP", "priority": 1]],
            "rows": [["cells": ["web", "10.0.0.1"]], ["cells": ["longer-name", "10.0.0.2"]]],
        ]
        var narrow = TableText(isWide: false, showsNamespace: false)
        #expect(narrow.lines(table) == ["NAME", "web", "longer-name"])
        var wide = TableText(isWide: true, showsNamespace: false)
        #expect(wide.lines(table) == ["NAME          IP", "web           10.0.0.1", "longer-name   10.0.0.2"])
        #expect(wide.lines(["rows": [["cells": ["x", "y"]]]]) == ["x             y"])
    }

    @Test("a pod that waits says why and for how long")
    func story() {
        let pod = PodObject([
            "metadata": ["name": "p", "namespace": "n", "creationTimestamp": "2023-11-14T22:13:20Z"],
            "spec": ["containers": [["name": "a", "image": "i"]]],
            "status": [
                "conditions": [
                    ["type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"]
                ]
            ],
        ])
        func other(_ name: String, _ priority: Int64, _ time: String) -> PodObject {
            PodObject([
                "metadata": ["name": .string(name), "uid": .string(name), "creationTimestamp": .string(time)],
                "spec": ["priority": .integer(priority)],
            ])
        }
        let waiting = [
            pod, other("later", 0, "2023-11-14T22:13:21Z"), other("low", -5, "2023-11-14T22:13:10Z"),
            other("high", 10, "2023-11-14T22:13:22Z"),
        ]
        let lines = PodStory.lines(
            pod, events: [], waiting: waiting, now: Timestamp(seconds: 1_700_000_000 + 200))
        #expect(lines.contains("            place 2 of 4 among the pods that wait, by priority and age"))
        #expect(lines.contains("Waiting:    0/3 nodes") && lines.contains("            for 3m20s"))
        #expect(lines.contains("  PodScheduled: False (Unschedulable)"))
    }
}
