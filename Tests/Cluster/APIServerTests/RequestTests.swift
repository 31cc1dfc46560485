import ClusterModel
import ClusterStore
import HTTPKit
import HTTPTypes
import Hummingbird
import JSON
import LinuxKernel
import Logging
import NIOCore
import TestSupport
import Testing

@testable import APIServer

/// Requests that are refused, put off, written down, or nonsense.
@Suite("What becomes of requests", .timeLimit(.minutes(1)))
struct RequestTests {
    private func respond(
        _ fixture: Fixture, _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil,
        token: String? = nil
    ) async throws -> Response {
        var head = HTTPRequest(method: method, scheme: "http", authority: "x", path: path)
        head.headerFields[.authorization] = token.map { "Bearer \($0)" }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body?.encoded() ?? [])))
        let source = RequestSource(
            logger: Logger(label: "test"), requestID: "id", peer: .anonymous(address: "test"))
        return try await fixture.api.respond(to: request, source)
    }

    @Test("a field that is unknown is refused, warned about, or let through, as the client wishes")
    func fieldValidation() async throws {
        let fixture = try await Fixture()
        func send(_ name: String, _ query: String) async throws -> Response {
            var pod = Fixture.pod(name)
            pod["spec"]?["colour"] = "blue"
            pod["metadata"]?["shape"] = "round"
            return try await respond(fixture, .post, Fixture.pods + query, pod)
        }
        let strict = try await send("a", "?fieldValidation=Strict")
        #expect(strict.status == .badRequest)
        let refusal = try await fixture.send(
            .post, Fixture.pods + "?fieldValidation=Strict",
            ["kind": "Pod", "apiVersion": "v1", "metadata": ["name": "a", "shape": 1], "spec": ["colour": 2]])
        #expect(
            refusal.value["message"]
                == "strict decoding error: unknown field \"metadata.shape\", unknown field \"spec.colour\"")
        for query in ["", "?fieldValidation=Warn"] {
            let warned = try await send("b\(query.count)", query)
            #expect(warned.status == .created)
            let warnings = warned.headers[values: .warning]
            #expect(warnings.contains("299 - \"unknown field \\\"spec.colour\\\"\"") && warnings.count == 2)
        }
        let ignored = try await send("c", "?fieldValidation=Ignore")
        #expect(ignored.status == .created && ignored.headers[.warning] == nil)
        #expect(
            try await fixture.send(.get, Fixture.pods + "/c").value["spec"]?["colour"] == "blue",
            "what is let through is kept")
        #expect(try await send("d", "?fieldValidation=Maybe").status == .badRequest)
    }

    @Test("when workloads flood the server they are told to come back, nodes and the system are not")
    func overload() async throws {
        let authentication = try Authentication(
            tokenFile: """
                root,system:admin,0,"system:masters"
                ann,ann,1,"system:masters"
                n1,system:node:n1,2,"system:nodes"
                """)
        let limits = RequestLimits(system: 2, nodes: 2, workload: 1)
        let fixture = Fixture(api: APIServer(LocalStore(), authentication: authentication, limits: limits))
        try await fixture.api.objects.prepare()
        try limits.enter(Requester(name: "bob"))
        let path = "/api/v1/namespaces"
        let shed = try await respond(fixture, .get, path, token: "ann")
        #expect(shed.status.code == 429 && shed.headers[.retryAfter] == "1")
        #expect(try await respond(fixture, .get, path, token: "root").status == .ok)
        let lease: JSONValue = [
            "kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": ["name": "n1"], "spec": [:],
        ]
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        #expect(try await respond(fixture, .post, leases, lease, token: "n1").status == .created)
        limits.leave(Requester(name: "bob"))
        #expect(try await respond(fixture, .get, path, token: "ann").status == .ok)
    }

    @Test("who changed what, and who was refused it, is written down; a read is not")
    func audit() async throws {
        try await withScratchDirectory { folder in
            let audit = AuditLog(path: "\(folder)/audit", logger: Logger(label: "test"))
            let authentication = try Authentication(
                tokenFile: "root,ann,0,\"system:masters\"\nn1,system:node:n1,1,system:nodes\n")
            let fixture = Fixture(api: APIServer(LocalStore(), authentication: authentication, audit: audit))
            try await fixture.api.objects.prepare()
            _ = try await respond(fixture, .post, Fixture.pods, Fixture.pod("web"), token: "root")
            _ = try await respond(fixture, .get, Fixture.pods + "/web", token: "root")
            _ = try await respond(fixture, .get, "/api/v1/namespaces/default/secrets/s", token: "n1")
            _ = try await respond(fixture, .delete, Fixture.pods + "/web", token: "root")
            audit.finish()
            try await audit.run()
            let lines = try String(decoding: WholeFile.read("\(folder)/audit"), as: UTF8.self).split(separator: "\n")
                .map { try JSONValue(parsing: String($0)) }
            let told = lines.map { line in
                [
                    line["user"]?["username"]?.stringValue, line["verb"]?.stringValue,
                    line["objectRef"]?["resource"]?.stringValue, line["objectRef"]?["name"]?.stringValue,
                    line["responseStatus"]?["code"]?.intValue.map(String.init),
                ].map { $0 ?? "-" }.joined(separator: " ")
            }
            #expect(
                told == [
                    "ann create pods - 201", "system:node:n1 get secrets s 403", "ann delete pods web 200",
                ])
            #expect(lines.allSatisfy { $0["kind"] == "Event" && $0["level"] == "Metadata" && $0["auditID"] == "id" })
        }
    }

    /// Pieces that requests are made of, put together at random.
    private static let words = [
        "api", "apis", "v1", "pods", "namespaces", "default", "nodes", "status", "binding", "eviction", "log", "web",
        "",
        "policy", "poddisruptionbudgets", "coordination.k8s.io", "leases", "pouch.io", "queues", "openapi", "v3", "..",
        "%2e%2e", "%00", "%ff", "a%2Fb", "ünï", "events", "secrets", "finalize", "version", "metrics",
    ]
    private static let queries = [
        "watch=true", "timeoutSeconds=1", "limit=-1", "limit=99999999999999999999", "continue=%00", "continue=e30",
        "resourceVersion=x", "resourceVersion=99999999", "fieldSelector=a", "fieldSelector=spec.nodeName%3D",
        "labelSelector=a%20in%20(", "labelSelector=!", "dryRun=No", "fieldValidation=", "gracePeriodSeconds=-5",
        "propagationPolicy=x", "resourceVersionMatch=Exact", "sendInitialEvents=true", "&&==&",
    ]

    @Test("whatever is asked, an answer goes, and a refusal says why", arguments: UInt64(0)..<1000)
    func nonsense(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let fixture = try await Fixture()
        let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .options, .head]
        let method = methods.randomElement(using: &random) ?? .get
        var path = ""
        for _ in 0..<Int.random(in: 1...7, using: &random) {
            path += "/" + (Self.words.randomElement(using: &random) ?? "")
        }
        // A watch without an end would go on.
        var query = ["timeoutSeconds=1"]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            query.append(Self.queries.randomElement(using: &random) ?? "")
        }
        if path.contains("pods"), query.contains("watch=true") { path += "/x" }
        let body = Self.value(depth: 0, &random)
        let types = [
            "application/json", "application/merge-patch+json", "application/json-patch+json",
            "application/strategic-merge-patch+json", "application/yaml", "text/html", "",
        ]
        let answer = try await fixture.send(
            method, path + "?" + query.joined(separator: "&"), bytes: body.encoded(),
            type: types.randomElement(using: &random) ?? "")
        #expect(
            (200..<500).contains(answer.status) || answer.status == 503, "seed \(seed): \(method) \(path): \(answer)")
        if answer.status >= 400, method != .head {
            #expect(answer.value["message"]?.stringValue?.isEmpty == false, "seed \(seed): \(answer)")
        }
    }

    /// Some JSON with the words of the API at the wrong places.
    private static func value(depth: Int, _ random: inout SplitMix64) -> JSONValue {
        let keys = [
            "kind", "apiVersion", "metadata", "spec", "status", "name", "containers", "op", "path", "value", "target",
            "labels", "$patch", "finalizers", "$setElementOrder/containers", "ownerReferences", "conditions",
        ]
        switch Int.random(in: 0..<(depth > 4 ? 5 : 8), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: -5...5, using: &random))
        case 3: return .double(Double.random(in: -1e300...1e300, using: &random))
        case 4: return .string(keys.randomElement(using: &random) ?? "")
        case 5: return .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth + 1, &random) })
        default:
            var object: JSONValue = [:]
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                object[keys.randomElement(using: &random) ?? ""] = value(depth: depth + 1, &random)
            }
            if depth == 0, Bool.random(using: &random) {
                object["kind"] = "Pod"
                object["apiVersion"] = "v1"
            }
            return object
        }
    }

    @Test("YAML of any kind is read or refused", arguments: UInt64(0)..<1000)
    func yaml(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let fixture = try await Fixture()
        var bytes = Array(
            """
            kind: Pod
            apiVersion: v1
            metadata: {name: web, labels: &l {a: b, "c d": 'e'}}
            spec:
              nodeSelector: *l
              containers:
              - {name: main, image: "x:1", args: [a, 1, 2.5, true, ~], command: |
                  text
                }
            """.utf8)
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.remove(at: place)
            default:
                bytes.insert(contentsOf: Array("- :{}[]&*!|>'\"%@`\n\t#?~".utf8).shuffled(using: &random), at: place)
            }
        }
        let answer = try await fixture.send(.post, Fixture.pods, bytes: bytes, type: "application/yaml")
        #expect((200..<500).contains(answer.status), "seed \(seed): \(answer)")
    }
}
