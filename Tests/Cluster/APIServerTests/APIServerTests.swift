import ClusterModel
import ClusterStore
import HTTPKit
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import TestSupport
import Testing
import Units

@testable import APIServer

/// The API without sockets: requests in, answers out.
struct Fixture: Sendable {
    let api: APIServer

    init(api: APIServer) {
        self.api = api
    }

    init() async throws {
        api = APIServer(LocalStore())
        try await api.objects.prepare()
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, type: String = "application/json",
        accept: String? = nil, token: String? = nil, peer: Peer = .anonymous(address: "test"),
        certificate: [UInt8]? = nil
    ) async throws -> (status: Int, value: JSONValue) {
        try await send(
            method, path, bytes: body?.encoded() ?? [], type: type, accept: accept, token: token, peer: peer,
            certificate: certificate)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, bytes: [UInt8], type: String = "application/json",
        accept: String? = nil, token: String? = nil, peer: Peer = .anonymous(address: "test"),
        certificate: [UInt8]? = nil
    ) async throws -> (status: Int, value: JSONValue) {
        var head = HTTPRequest(method: method, scheme: "http", authority: "x", path: path)
        head.headerFields[.contentType] = type
        head.headerFields[.accept] = accept
        head.headerFields[.authorization] = token.map { "Bearer \($0)" }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: bytes)))
        let source = RequestSource(
            logger: Logger(label: "test"), requestID: "test", peer: peer, certificate: certificate)
        let response = try await api.respond(to: request, source)
        let collected = Collected()
        try await response.body.write(collected)
        let text = await collected.bytes.text
        return (response.status.code, (try? JSONValue(parsing: text)) ?? .string(text))
    }

    /// A pod that passes validation.
    static func pod(_ name: String, labels: JSONValue = [:]) -> JSONValue {
        [
            "kind": "Pod", "apiVersion": "v1", "metadata": ["name": .string(name), "labels": labels],
            "spec": ["containers": [["name": "main", "image": "nginx:1"]]],
        ]
    }

    static let pods = "/api/v1/namespaces/default/pods"
}

actor Bytes {
    var text = ""
    func add(_ more: String) { text += more }
}

struct Collected: ResponseBodyWriter {
    let bytes = Bytes()
    func write(_ buffer: ByteBuffer) async throws { await bytes.add(String(buffer: buffer)) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

@Suite("The pool's API")
struct APIServerTests {
    @Test("an object is made, read, changed and deleted; a stale version is a conflict")
    func life() async throws {
        let fixture = try await Fixture()
        let made = try await fixture.send(.post, Fixture.pods, Fixture.pod("web"))
        #expect(made.status == 201)
        #expect(try await fixture.send(.post, Fixture.pods, Fixture.pod("web")).status == 409)
        var old = try await fixture.send(.get, Fixture.pods + "/web").value
        #expect(old["metadata"]?["resourceVersion"] == made.value["metadata"]?["resourceVersion"])
        let labelled = try await fixture.send(
            .patch, Fixture.pods + "/web", ["metadata": ["labels": ["a": "b"]]], type: "application/merge-patch+json")
        #expect(labelled.value["metadata"]?["labels"] == ["a": "b"])
        old["metadata"]?["labels"] = ["c": "d"]
        let stale = try await fixture.send(.put, Fixture.pods + "/web", old)
        #expect(stale.status == 409)
        #expect(stale.value["message"]?.stringValue?.contains("the object has been modified") == true)
        old["metadata"]?["resourceVersion"] = nil
        #expect(try await fixture.send(.put, Fixture.pods + "/web", old).status == 200)
        #expect(try await fixture.send(.delete, Fixture.pods + "/web").status == 200)
        let gone = try await fixture.send(.get, Fixture.pods + "/web")
        #expect(gone.status == 404)
        #expect(gone.value["message"] == "pods \"web\" not found")
    }

    @Test("a list comes in pages of one revision, and a selector chooses")
    func pages() async throws {
        let fixture = try await Fixture()
        for number in 0..<7 {
            _ = try await fixture.send(
                .post, Fixture.pods, Fixture.pod("p\(number)", labels: ["odd": .string("\(number % 2)")]))
        }
        var names: [String] = []
        var path = Fixture.pods + "?limit=3"
        var revisions: Set<String> = []
        repeat {
            let page = try await fixture.send(.get, path).value
            names += (page["items"]?.arrayValue ?? []).compactMap { $0["metadata"]?["name"]?.stringValue }
            revisions.insert(page["metadata"]?["resourceVersion"]?.stringValue ?? "")
            if names.count == 3 { _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("p10")) }
            let next = page["metadata"]?["continue"]?.stringValue
            path = next.map { Fixture.pods + "?limit=3&continue=\($0)" } ?? ""
        } while !path.isEmpty
        #expect(names == (0..<7).map { "p\($0)" }, "what came later is in no page")
        #expect(revisions.count == 1)
        let odd = try await fixture.send(.get, Fixture.pods + "?labelSelector=odd%3D1&limit=2").value
        #expect(odd["items"]?.arrayValue?.count == 2)
        #expect(try await fixture.send(.get, Fixture.pods + "?fieldSelector=foo%3D1").status == 400)
        #expect(try await fixture.send(.get, Fixture.pods + "?continue=abc").status == 400)
    }

    @Test("a watch that goes on from a list misses nothing and repeats nothing")
    func watches() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("a"))
        let list = try await fixture.send(.get, Fixture.pods).value
        let revision = list["metadata"]?["resourceVersion"]?.stringValue ?? ""
        _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("b", labels: ["x": "1"]))
        _ = try await fixture.send(
            .patch, Fixture.pods + "/b", ["metadata": ["labels": ["x": "2"]]], type: "application/merge-patch+json")
        _ = try await fixture.send(.delete, Fixture.pods + "/a")
        func types(_ query: String) async throws -> [String] {
            let answer = try await fixture.send(
                .get, Fixture.pods + "?watch=1&timeoutSeconds=1&resourceVersion=\(revision)\(query)")
            let text = answer.value.stringValue ?? answer.value.description
            return text.split(separator: "\n").compactMap { line in
                let event = try? JSONValue(parsing: String(line))
                return event?["type"]?.stringValue.map {
                    "\($0) \(event?["object"]?["metadata"]?["name"]?.stringValue ?? "")"
                }
            }
        }
        #expect(try await types("") == ["ADDED b", "MODIFIED b", "DELETED a"])
        #expect(
            try await types("&labelSelector=x%3D1") == ["ADDED b", "DELETED b"], "what leaves the selection is gone")
    }

    @Test("what is wrong with a request is said by its path, and nothing is stored")
    func refusals() async throws {
        let fixture = try await Fixture()
        var bad = Fixture.pod("web")
        bad["spec"]?["containers"] = [["name": "a"]]
        let invalid = try await fixture.send(.post, Fixture.pods, bad)
        #expect(invalid.status == 422)
        #expect(invalid.value["message"] == "Pod \"web\" is invalid: spec.containers[0].image: Required value")
        #expect(invalid.value["details"]?["causes"]?[0]?["field"] == "spec.containers[0].image")
        bad["spec"]?["containers"] = "many"
        #expect(try await fixture.send(.post, Fixture.pods, bad).status == 400)
        #expect(try await fixture.send(.post, "/api/v1/namespaces/nope/pods", Fixture.pod("web")).status == 404)
        #expect(try await fixture.send(.post, "/api/v1/pods", Fixture.pod("web")).status == 405)
        #expect(
            try await fixture.send(.patch, Fixture.pods + "/web", [:], type: "application/apply-patch+yaml").status
                == 415)
        #expect(try await fixture.send(.get, "/apis/apps/v1/deployments").status == 404)
        #expect(try await fixture.send(.get, Fixture.pods, accept: "image/png").status == 406)
        #expect(try await fixture.send(.get, Fixture.pods).value["items"] == [])
    }

    @Test("a dry run answers as if, and changes nothing")
    func dryRun() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.send(.post, Fixture.pods + "?dryRun=All", Fixture.pod("web")).status == 201)
        #expect(try await fixture.send(.get, Fixture.pods + "/web").status == 404)
        _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("web"))
        #expect(try await fixture.send(.delete, Fixture.pods + "/web?dryRun=All").status == 200)
        #expect(try await fixture.send(.get, Fixture.pods + "/web").status == 200)
        #expect(try await fixture.send(.post, Fixture.pods + "?dryRun=Some", Fixture.pod("x")).status == 400)
    }

    @Test("a pod is bound once, and evictions keep to the budget also when they come together")
    func bindAndEvict() async throws {
        let fixture = try await Fixture()
        let binding: JSONValue = [
            "kind": "Binding", "apiVersion": "v1", "metadata": ["name": "a"], "target": ["kind": "Node", "name": "n1"],
        ]
        _ = try await fixture.send(.post, Fixture.pods, Fixture.pod("a", labels: ["app": "x"]))
        #expect(try await fixture.send(.post, Fixture.pods + "/a/binding", binding).status == 201)
        #expect(try await fixture.send(.post, Fixture.pods + "/a/binding", binding).status == 409)
        let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
        _ = try await fixture.send(
            .post, budgets,
            [
                "kind": "PodDisruptionBudget", "apiVersion": "policy/v1", "metadata": ["name": "b"],
                "spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "x"]]],
            ])
        _ = try await fixture.send(
            .patch, budgets + "/b/status",
            ["status": ["disruptionsAllowed": 2, "observedGeneration": 1, "currentHealthy": 3, "desiredHealthy": 1]],
            type: "application/merge-patch+json")
        for name in ["b", "c", "d", "e"] {
            _ = try await fixture.send(.post, Fixture.pods, Fixture.pod(name, labels: ["app": "x"]))
            _ = try await fixture.send(
                .patch, Fixture.pods + "/\(name)/status",
                ["status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]],
                type: "application/merge-patch+json")
        }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for name in ["b", "c", "d", "e"] {
                group.addTask {
                    try await fixture.send(
                        .post, Fixture.pods + "/\(name)/eviction",
                        ["kind": "Eviction", "apiVersion": "policy/v1", "metadata": ["name": .string(name)]]
                    ).status
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }.sorted()
        }
        #expect(statuses == [201, 201, 429, 429])
    }

    @Test("whatever bytes come, an answer goes", arguments: UInt64(0)..<300)
    func fuzz(seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let fixture = try await Fixture()
        var bytes = Fixture.pod("web").encoded()
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = Int.random(in: bytes.indices, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes.remove(at: place)
            default: bytes.insert(contentsOf: Array("{\"[]},:nul1e9-".utf8).shuffled(using: &generator), at: place)
            }
        }
        let types = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "text/plain"]
        let answer = try await fixture.send(.post, Fixture.pods, bytes: bytes, type: types[Int(seed % 4)])
        #expect((200..<500).contains(answer.status), "seed \(seed): \(answer)")
        let patches = [
            "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        ]
        let patched = try await fixture.send(
            .patch, "/api/v1/namespaces/default", bytes: bytes, type: patches[Int(seed % 3)])
        #expect((200..<500).contains(patched.status), "seed \(seed): \(patched)")
    }

    @Test("an object with every field of its kind comes back with every field", arguments: Catalog.all)
    func roundTrip(kind: ResourceKind) async throws {
        let object = APIObject([
            "kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": ["name": "x"],
            "extra": ["kept": [1, 2, .null]],
        ])
        let stored = ObjectCodec.encode(object)
        let slot = try #require(stored.revisionSlot)
        var bytes = stored.bytes
        bytes.replaceSubrange(slot..<(slot + 3), with: Array("\"7\"".utf8))
        let back = APIObject(try JSONValue(parsing: bytes))
        #expect(back.resourceVersion == "7")
        #expect(back["extra"] == object["extra"] && back.name == "x" && back.kind == kind.kind)
    }
}
