internal import ClusterStore
internal import SQLiteStore
internal import Scheduling
internal import TestSupport
internal import Units

/// The durable path inside one process: create a pod, decide, commit the binding, and the node's watch sees it.
///
/// Objects are bytes of a pod's size and the scheduler's requests are made directly: what the API server's JSON and HTTP
/// cost comes on top.
enum PathBenchmarks {
    static let pods = 40_000
    static let creators = 64

    static func path(_ folder: String, nodes: Int, name: String) async throws -> [Row] {
        let store = try await SQLiteStore.open(folder + "/store.db")
        let scheduling = Placing(store, nodes: nodes)
        let range = KeyRange.folder(try KeyFolder("pods"))
        let unplaced = try await store.watch(WatchRequest(range))
        let (start, cpu) = (ContinuousClock.now, processorSeconds())
        let seen: Int = try await withThrowingTaskGroup(of: Int.self) { group in
            for node in 0..<nodes {
                let watch = try await store.watch(
                    WatchRequest(range, term: try IndexTerm("spec.nodeName", "node-\(node)")))
                group.addTask { try await Self.count(watch) }
            }
            async let placed: Void = scheduling.run(unplaced, until: pods)
            try await create(in: store)
            try await placed
            await store.close()
            return try await group.reduce(0, +)
        }
        let (elapsed, used) = (seconds(since: start), processorSeconds() - cpu)
        guard seen == pods else { throw BenchmarkError("nodes saw \(seen) of \(pods) pods") }
        return [
            Row(name: name, value: Double(pods) / elapsed, unit: "pods/s", bar: .atLeast(4000)),
            Row(name: name + ".cpu", value: used * 1e3 / Double(pods), unit: "ms/pod", bar: .atMost(0.2)),
        ]
    }

    /// Reads a node's watch to its end.
    private static func count(_ watch: Watch) async throws -> Int {
        var seen = 0
        do throws(StoreError) {
            while let batch = try await watch.next() { seen += batch.events.count }
        } catch {
            guard error == .closed else { throw error }
        }
        return seen
    }

    private static func create(in store: LocalStore) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for creator in 0..<creators {
                group.addTask {
                    for number in 0..<pods / creators {
                        let key = try StoreKey("pods/default/web-\(creator)-\(number)")
                        _ = try await store.commit(.create(Put(key, StoreBenchmarks.value)))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// The scheduler behind a watch: places what is created, binds it, counts what was confirmed.
private actor Placing {
    private let store: LocalStore
    private var scheduler = Scheduler()
    private var versions: [String: Revision] = [:]
    private let template: PodTemplate

    init(_ store: LocalStore, nodes: Int) {
        self.store = store
        var requirements = Requirements()
        requirements.resources = Resources(
            cpu: CPUCount(milli: 100), memory: ByteCount(256 << 20), disk: ByteCount(0), pods: 1)
        template = PodTemplate(requirements: requirements)
        for number in 0..<nodes {
            let room = Resources(
                cpu: CPUCount(milli: 32_000), memory: ByteCount(128 << 30), disk: ByteCount(1 << 40), pods: 110)
            _ = scheduler.handle(.nodeAdded(Node(name: "node-\(number)", allocatable: room)), at: .now)
        }
    }

    func run(_ watch: Watch, until count: Int) async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            var bound = 0
            var asked = 0
            while asked < count, let batch = try await watch.next() {
                let bindings = try take(batch)
                asked += bindings.count
                if !bindings.isEmpty { group.addTask { try await self.bind(bindings) } }
            }
            for try await number in group { bound += number }
            guard bound == count else { throw BenchmarkError("\(bound) of \(count) pods were bound") }
        }
    }

    private func take(_ batch: WatchBatch) throws -> [(String, Transaction)] {
        let now = Timestamp.now
        for event in batch.events where event.previous == nil {
            versions[event.key.path] = event.revision
            _ = scheduler.handle(.podAdded(Pod(id: event.key.path, template: template)), at: now)
        }
        var bindings: [(String, Transaction)] = []
        while let decision = scheduler.decide(at: now) {
            guard case .place(let placement) = decision, let version = versions.removeValue(forKey: placement.pod)
            else {
                continue
            }
            let put = Put(
                try StoreKey(placement.pod), StoreBenchmarks.value,
                terms: [try IndexTerm("spec.nodeName", placement.node)])
            bindings.append((placement.pod, .replace(put, at: version)))
        }
        return bindings
    }

    private func bind(_ bindings: [(String, Transaction)]) async throws -> Int {
        let results = await store.commit(bindings.map(\.1))
        var bound = 0
        for ((pod, _), result) in zip(bindings, results) where try result.get().succeeded {
            _ = scheduler.handle(.bindingConfirmed(id: pod), at: .now)
            bound += 1
        }
        return bound
    }
}
