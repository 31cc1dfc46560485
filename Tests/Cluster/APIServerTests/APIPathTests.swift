import ClusterModel
import Testing

@testable import APIServer

@Suite("Paths of the pool's API")
struct APIPathTests {
    @Test("a path names a kind, a namespace, an object and a part of it")
    func reads() throws {
        #expect(try APIPath("/api/v1/pods") == .collection(Catalog.pod, namespace: nil))
        #expect(try APIPath("/api/v1/namespaces/a/pods") == .collection(Catalog.pod, namespace: "a"))
        #expect(try APIPath("/api/v1/namespaces/a/pods/b") == .object(Catalog.pod, namespace: "a", name: "b"))
        #expect(
            try APIPath("/api/v1/namespaces/a/pods/b/status")
                == .subresource(Catalog.pod, namespace: "a", name: "b", subresource: "status"))
        #expect(try APIPath("/api/v1/namespaces/a") == .object(Catalog.namespace, namespace: nil, name: "a"))
        #expect(
            try APIPath("/api/v1/namespaces/a/finalize")
                == .subresource(Catalog.namespace, namespace: nil, name: "a", subresource: "finalize"))
        #expect(
            try APIPath("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1")
                == .object(Catalog.lease, namespace: "kube-node-lease", name: "n1"))
    }

    @Test(
        "what is not there is not found",
        arguments: [
            "/api/v2", "/api/v1/deployments", "/apis/apps", "/apis/apps/v1/deployments", "/api/v1/pods/x",
            "/api/v1/namespaces/a/pods/b/c", "/api/v1/namespaces/a/pods/b/status/d", "/api/v1/nodes/a/binding",
        ])
    func refuses(path: String) {
        #expect(throws: APIError.noSuchPath) { try APIPath(path) }
    }
}
