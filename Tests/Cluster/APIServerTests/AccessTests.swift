import ClusterModel
import ClusterStore
import HTTPKit
import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import APIServer

@Suite("Who may do what")
struct AccessTests {
    private static let node = Requester(name: "system:node:n1", groups: ["system:nodes", "system:authenticated"])
    private static let person = Requester(name: "ann", groups: ["system:authenticated"])

    private func verdict(
        _ verb: String, _ kind: ResourceKind, _ namespace: String? = nil, _ name: String? = nil, sub: String? = nil,
        selected: String? = nil, by requester: Requester = node
    ) -> Authorization.Verdict {
        Authorization.verdict(
            on: Action(
                verb: verb, kind: kind, subresource: sub, namespace: namespace, name: name, selectedNode: selected),
            by: requester)
    }

    private func isRefused(_ verdict: Authorization.Verdict) -> Bool {
        if case .refused = verdict { true } else { false }
    }

    @Test("a node does what it needs for itself, and nothing of other nodes")
    func nodes() {
        #expect(verdict("create", Catalog.node) == .allowed)
        #expect(verdict("patch", Catalog.node, nil, "n1", sub: "status") == .allowed)
        #expect(isRefused(verdict("patch", Catalog.node, nil, "n2", sub: "status")))
        #expect(isRefused(verdict("delete", Catalog.node, nil, "n1")))
        #expect(isRefused(verdict("list", Catalog.node)))
        #expect(verdict("update", Catalog.lease, "kube-node-lease", "n1") == .allowed)
        #expect(isRefused(verdict("update", Catalog.lease, "kube-node-lease", "n2")))
        #expect(isRefused(verdict("update", Catalog.lease, "default", "n1")))
        #expect(verdict("watch", Catalog.pod, selected: "n1") == .allowed)
        #expect(isRefused(verdict("watch", Catalog.pod, selected: "n2")))
        #expect(isRefused(verdict("list", Catalog.pod)))
        #expect(isRefused(verdict("create", Catalog.pod, "default")))
        #expect(isRefused(verdict("create", Catalog.pod, "default", "a", sub: "binding")))
        #expect(verdict("patch", Catalog.pod, "default", "a", sub: "status") == .allowedForPod(onNode: "n1"))
        #expect(verdict("get", Catalog.secret, "default", "s") == .allowedIfUsed(byNode: "n1"))
        #expect(isRefused(verdict("list", Catalog.secret, "default")))
        #expect(isRefused(verdict("get", Catalog.namespace, nil, "default")))
        #expect(isRefused(verdict("get", Catalog.pod, "default", "a", by: Self.person)))
        #expect(verdict("delete", Catalog.node, nil, "n2", by: .administrator) == .allowed)
    }

    @Test("a pod names the secrets and config maps that its node may read")
    func references() {
        let pod: JSONValue = [
            "spec": [
                "imagePullSecrets": [["name": "pull"]],
                "containers": [
                    [
                        "name": "a", "envFrom": [["configMapRef": ["name": "from"]]],
                        "env": [["name": "X", "valueFrom": ["secretKeyRef": ["name": "key", "key": "k"]]]],
                    ]
                ],
                "volumes": [
                    ["name": "v", "secret": ["secretName": "mounted"]],
                    ["name": "w", "projected": ["sources": [["configMap": ["name": "projected"]]]]],
                ],
            ]
        ]
        #expect(PodReferences(pod).names(of: Catalog.secret) == ["pull", "key", "mounted"])
        #expect(PodReferences(pod).names(of: Catalog.configMap) == ["from", "projected"])
    }

    @Test("tokens name their holders; an unknown one is refused, and a line that is none is named")
    func tokens() throws {
        let authentication = try Authentication(tokenFile: "abc,ann,1,\"dev,system:masters\"\n\nxyz,bob,2\n")
        let ann = try authentication.requester(certificate: nil, authorization: "Bearer abc")
        #expect(ann.name == "ann" && ann.groups.contains("system:masters"))
        #expect(throws: APIError.unauthorized) {
            try authentication.requester(certificate: nil, authorization: "Bearer abd")
        }
        #expect(throws: APIError.unauthorized) {
            try authentication.requester(certificate: nil, authorization: "Basic abc")
        }
        #expect(try authentication.requester(certificate: nil, authorization: nil) == .anonymous)
        #expect(throws: APIError.self) { try Authentication(tokenFile: "abc\n") }
    }

    @Test("no bytes make the reader of certificates stop the process", arguments: UInt64(0)..<1000)
    func certificates(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let tags: [UInt8] = [0x30, 0x31, 0x06, 0x02, 0xA0, 0x80, 0x84, 0x00, 0x03, 0xFF]
        let bytes = (0..<Int.random(in: 0..<80, using: &generator)).map { _ in
            Bool.random(using: &generator) ? tags[Int.random(in: tags.indices, using: &generator)] : 4
        }
        _ = CertificateSubject(der: bytes)
    }

    @Test("a flood of one leaves room for others, and nodes have room of their own")
    func limits() throws {
        let limits = RequestLimits(system: 2, nodes: 2, workload: 4)
        let bob = Requester(name: "bob")
        for _ in 0..<4 { try limits.enter(Self.person) }
        #expect(throws: APIError.self) { try limits.enter(bob) }
        try limits.enter(Self.node)
        limits.leave(Self.person)
        limits.leave(Self.person)
        try limits.enter(bob)
        #expect(throws: APIError.self) { try limits.enter(Self.person) }
        try limits.enter(bob)
        #expect(throws: APIError.self) { try limits.enter(bob) }
    }

    @Test("through the API: 401 for a wrong token, 403 by name for what is not one's own")
    func api() async throws {
        let authentication = try Authentication(
            tokenFile: "root,admin,0,\"system:masters\"\nn1,system:node:n1,1,\"system:nodes\"\n")
        let fixture = Fixture(api: APIServer(LocalStore(), authentication: authentication))
        try await fixture.api.objects.prepare()
        for name in ["used", "other"] {
            let secret: JSONValue = ["kind": "Secret", "apiVersion": "v1", "metadata": ["name": .string(name)]]
            let made = try await fixture.send(
                .post, "/api/v1/namespaces/default/secrets", secret, token: "root")
            #expect(made.status == 201, "\(made)")
        }
        var pod = Fixture.pod("mine")
        pod["spec"]?["nodeName"] = "n1"
        pod["spec"]?["volumes"] = [["name": "v", "secret": ["secretName": "used"]]]
        #expect(try await fixture.send(.post, Fixture.pods, pod, token: "root").status == 201)
        let secrets = "/api/v1/namespaces/default/secrets/"
        #expect(try await fixture.send(.get, secrets + "used", token: "n1").status == 200)
        let foreign = try await fixture.send(.get, secrets + "other", token: "n1")
        #expect(foreign.status == 403)
        #expect(
            foreign.value["message"]
                == "secrets \"other\" is forbidden: no relationship found between node 'n1' and this object")
        #expect(try await fixture.send(.get, secrets + "used", token: "wrong").status == 401)
        let stranger = try await fixture.send(.get, secrets + "used")
        #expect(stranger.status == 401 && stranger.value["reason"] == "Unauthorized")
        #expect(
            try await fixture.send(.get, secrets + "used", peer: .local).status == 200,
            "the socket is root's: who may open it is the administrator")
        #expect(
            try await fixture.send(.get, secrets + "other", token: "n1", peer: .local).status == 403,
            "a token still says who somebody is")
        #expect(try await fixture.send(.get, "/healthz").status == 200)
        let lie: JSONValue = ["kind": "Node", "apiVersion": "v1", "metadata": ["name": "n2"]]
        #expect(try await fixture.send(.post, "/api/v1/nodes", lie, token: "n1").status == 403)
        let relabel = try await fixture.send(
            .patch, Fixture.pods + "/mine/status",
            ["metadata": ["labels": ["app": "stolen"]], "status": ["phase": "Running"]],
            type: "application/merge-patch+json", token: "n1")
        #expect(relabel.status == 200 && relabel.value["metadata"]?["labels"]?["app"] == nil)
        #expect(relabel.value["status"]?["phase"] == "Running")
    }
}
