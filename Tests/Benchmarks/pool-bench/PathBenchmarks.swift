internal import ClusterStore
internal import Glibc
internal import LinuxKernel
internal import SQLiteStore
internal import TestSupport

/// The durable path of a server, over its own protocol: a pod is created, decided about, bound, and its node's watch sees it.
enum PathBenchmarks {
    static let writers = 64
    static let pods = 40_000
    static let offered = 10_000

    /// As many pods as go through, then so many each second.
    static func path(_ folder: String, nodes: Int, name: String) async throws -> [Row] {
        let server = try ServerUnderTest(folder)
        defer { server.end() }
        let load = try LoadLoop(port: server.port, writers: writers)
        try load.send(nodes) { LoadRequests.node($0) }
        var rows: [Row] = []
        let leases = try measure(server) { try load.send(nodes) { LoadRequests.lease($0) } }
        rows.append(
            Row(name: name + ".lease.cpu", value: leases.cpu * 1e3 / Double(nodes), unit: "ms/lease", bar: .none))
        try load.renewLeases(of: nodes)
        try load.watch(nodes: nodes, after: "1")
        _ = try load.createPods(2000) { LoadRequests.pod(0, $0) }
        var took: [Double] = []
        let whole = try measure(server) { took = try load.createPods(pods) { LoadRequests.pod(1, $0) } }
        rows.append(Row(name: name, value: Double(pods) / whole.seconds, unit: "pods/s", bar: .atLeast(4000)))
        rows.append(
            Row(name: name + ".cpu", value: whole.cpu * 1e3 / Double(pods), unit: "ms/pod", bar: .atMost(0.2)))
        rows.append(
            Row(name: name + ".load.cpu", value: whole.own * 1e3 / Double(pods), unit: "ms/pod", bar: .none))
        took = try load.createPods(offered, rate: 1000) { LoadRequests.pod(2, $0) }
        rows.append(Row(name: name + ".p99", value: took.sorted()[offered * 99 / 100], unit: "s", bar: .atMost(1)))
        rows.append(Row(name: name + ".p50", value: took.median, unit: "s", bar: .none))
        rows.append(Row(name: name + ".memory", value: server.residentBytes / 1e6, unit: "MB", bar: .none))
        return rows
    }

    private static func measure(
        _ server: ServerUnderTest, _ body: () throws -> Void
    ) rethrows -> (seconds: Double, cpu: Double, own: Double) {
        let (start, cpu, own) = (monotonic(), server.processorSeconds, processorSeconds())
        try body()
        return (
            Double(monotonic() - start) / 1e9, server.processorSeconds - cpu, processorSeconds() - own
        )
    }

    /// From the start of the program to the first page of pods, with 20,000 nodes and 200,000 pods.
    static func restart(_ folder: String) async throws -> [Row] {
        try Files.makeDirectory("\(folder)/data", mode: 0o700)
        try await fill("\(folder)/data/pool.db")
        let start = monotonic()
        let server = try ServerUnderTest(folder)
        defer { server.end() }
        let load = try LoadLoop(port: server.port, writers: 1)
        try load.send(1) { _ in
            Array("GET /api/v1/namespaces/default/pods?limit=500 HTTP/1.1\r\nHost: pool\r\n\r\n".utf8)
        }
        let served = Double(monotonic() - start) / 1e9
        return [
            Row(name: "pool.restart", value: served, unit: "s", bar: .atMost(10)),
            Row(name: "pool.restart.memory", value: server.residentBytes / 1e6, unit: "MB", bar: .none),
        ]
    }

    /// Objects as a server would have stored them.
    private static func fill(_ path: String) async throws {
        let store = try await SQLiteStore.open(path)
        for part in 0..<2200 {
            let puts = try (0..<100).map { number -> Transaction in
                let index = part * 100 + number
                if index < 20_000 {
                    return .create(
                        try put("nodes/node-\(index)", LoadRequests.nodeBody(index), uid: index, terms: []))
                }
                let node = "node-\(index % 20_000)"
                let body = LoadRequests.podBody(0, index)
                let spec = "\"spec\":{"
                guard let place = body.firstRange(of: spec) else { throw BenchmarkError("a pod without a spec") }
                let bound = body[..<place.upperBound] + "\"nodeName\":\"\(node)\"," + body[place.upperBound...]
                return .create(
                    try put(
                        "pods/default/load-0-\(index)", String(bound), uid: index,
                        terms: [try IndexTerm("spec.nodeName", node)]))
            }
            for result in await store.commit(puts) { _ = try result.get() }
        }
        await store.close()
    }

    private static func put(_ key: String, _ body: String, uid: Int, terms: [IndexTerm]) throws -> Put {
        let start = "\"metadata\":{"
        guard let place = body.firstRange(of: start) else { throw BenchmarkError("an object without metadata") }
        let head = body[..<place.upperBound] + "\"resourceVersion\":"
        let slot = head.utf8.count
        let namespace = key.hasPrefix("pods/") ? "\"namespace\":\"default\"," : ""
        let rest =
            ",\(namespace)\"uid\":\"uid-\(uid)\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\","
            + body[place.upperBound...]
        let text = head + String(repeating: " ", count: StoredValue.slotWidth) + rest
        return Put(try StoreKey(key), StoredValue(Array(text.utf8), revisionSlot: slot), terms: terms)
    }
}
