internal import ArgumentParser
internal import ClusterModel
internal import JSON
internal import PoolClient

struct Cordon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give nodes no new pods.")

    @OptionGroup var connection: Connection
    @Argument(help: "Nodes.") var nodes: [String]

    func run() async throws { try await Self.set(true, nodes, connection) }

    static func set(_ isCordoned: Bool, _ nodes: [String], _ connection: Connection) async throws {
        try await Say.reporting {
            let client = try connection.client()
            try await Say.each(nodes) { node in
                try await client.patch(
                    PoolPath.node(node), ["spec": ["unschedulable": isCordoned ? .bool(true) : .null]])
                Say.line("node/\(node) \(isCordoned ? "cordoned" : "uncordoned")")
            }
        }
    }
}

struct Uncordon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give nodes pods again.")

    @OptionGroup var connection: Connection
    @Argument(help: "Nodes.") var nodes: [String]

    func run() async throws { try await Cordon.set(false, nodes, connection) }
}

struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cordon a node and let its pods go, as disruption budgets allow.",
        discussion: "Pods of daemon sets and pods that belong to their node stay.")

    @OptionGroup var connection: Connection
    @Option(help: "Seconds until it gives up; 0 never does.") var timeout = 0
    @Argument(help: "The node.") var node: String

    func run() async throws {
        try await Cordon.set(true, [node], connection)
        try await Say.reporting {
            let client = try connection.client()
            let end = ContinuousClock.now.advanced(by: .seconds(timeout))
            var asked: Set<String> = []
            while true {
                let left = try await pods(client)
                if left.isEmpty { break }
                for pod in left where !asked.contains(pod.uid) {
                    if try await evict(pod, client) { asked.insert(pod.uid) }
                }
                guard timeout == 0 || ContinuousClock.now < end else {
                    throw PoolError.unreachable(
                        "node/\(node): \(left.count) pods did not leave within \(timeout) seconds")
                }
                try await Task.sleep(for: .milliseconds(500))
            }
            Say.line("node/\(node) drained")
        }
    }

    private func pods(_ client: PoolClient) async throws(PoolError) -> [PodObject] {
        let found = try await client.get(PoolPath.pods, query: ["fieldSelector": "spec.nodeName=\(node)"])
        return (found["items"]?.arrayValue ?? []).map(PodObject.init).filter { pod in
            !pod.isDaemon && !pod.isStatic && !(pod.phase.isTerminal && !pod.isBeingDeleted)
        }
    }

    /// Whether it goes; a budget that allows nothing now may later.
    private func evict(_ pod: PodObject, _ client: PoolClient) async throws(PoolError) -> Bool {
        let eviction: JSONValue = [
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": ["name": .string(pod.name), "namespace": .string(pod.namespace)],
        ]
        do throws(PoolError) {
            try await client.create(eviction, in: "\(PoolPath.pod(key: pod.key))/eviction")
            Say.line("evicting pod \(pod.key)")
            return true
        } catch {
            if error.isNotFound { return true }
            guard error.code == 429 else { throw error }
            return false
        }
    }
}

struct Pool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The pool itself.", subcommands: [PoolInit.self, PoolJoin.self, PoolTokens.self, Status.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "How the pool is: its nodes and pods.")

        @OptionGroup var connection: Connection

        func run() async throws {
            try await Say.reporting {
                let client = try connection.client()
                let nodes = (try await client.get(PoolPath.nodes)["items"]?.arrayValue ?? []).map(NodeObject.init)
                let pods = (try await client.get(PoolPath.pods)["items"]?.arrayValue ?? []).map(PodObject.init)
                let ready = nodes.count { $0.readiness == "True" }
                Say.line("server:  \(client.address.server)")
                Say.line("nodes:   \(nodes.count), \(ready) ready, \(nodes.count { $0.isUnschedulable }) cordoned")
                let phases = Dictionary(grouping: pods) { $0.phase }
                let parts = [PodObject.Phase.running, .pending, .succeeded, .failed].map { phase in
                    "\(phases[phase]?.count ?? 0) \(phase.rawValue.lowercased())"
                }
                Say.line("pods:    \(pods.count), \(parts.joined(separator: ", "))")
                for node in nodes where node.readiness != "True" {
                    Say.line("node \(node.name) is not ready: \(node.condition("Ready")?["message"].text ?? "")")
                }
            }
        }
    }
}
