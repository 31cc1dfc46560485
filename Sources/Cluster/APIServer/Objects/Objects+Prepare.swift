package import ClusterModel
internal import JSON

extension Objects {
    /// Makes what every pool has: the namespaces and the priority classes of the system.
    ///
    /// Called before the first request, at every start; what is there stays as it is.
    package func prepare() async throws(APIError) {
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            try await createIfMissing(
                ["kind": "Namespace", "apiVersion": "v1", "metadata": ["name": .string(name)]], Catalog.namespace)
        }
        for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)] {
            try await createIfMissing(
                [
                    "kind": "PriorityClass", "apiVersion": "scheduling.k8s.io/v1",
                    "metadata": ["name": .string(name)], "value": .integer(Int64(value)),
                ], Catalog.priorityClass)
        }
    }

    private func createIfMissing(_ value: JSONValue, _ kind: ResourceKind) async throws(APIError) {
        do {
            _ = try await create(APIObject(value), kind, nil)
        } catch .alreadyExists {
            return
        }
    }
}
