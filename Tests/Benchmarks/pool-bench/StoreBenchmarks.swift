internal import ClusterStore
internal import Glibc
internal import LinuxKernel
internal import SQLiteStore
internal import TestSupport

/// The store alone: what a write, a watched change and a restart cost.
enum StoreBenchmarks {
    /// About the size of a pod.
    static let value = StoredValue([UInt8](repeating: UInt8(ascii: "x"), count: 1200), revisionSlot: 60)
    static let writers = 64
    static let perWriter = 500

    /// Writes that wait for the disk, from 64 writers at once.
    static func writes(in folder: String) async throws -> [Row] {
        let store = try await SQLiteStore.open(folder + "/store.db")
        let (count, start, cpu) = (writers * perWriter, ContinuousClock.now, processorSeconds())
        try await create(in: store)
        let used = processorSeconds() - cpu
        let elapsed = seconds(since: start)
        await store.close()
        return [
            Row(name: "pool.store.write", value: Double(count) / elapsed, unit: "1/s", bar: .atLeast(8000)),
            Row(name: "pool.store.write.cpu", value: used * 1e6 / Double(count), unit: "us", bar: .atMost(60)),
        ]
    }

    /// The same while 20,000 watches each wait for the pods of one node.
    static func watches(in folder: String) async throws -> [Row] {
        let nodes = 20_000
        let store = try await SQLiteStore.open(folder + "/store.db")
        let terms = try (0..<nodes).map { try IndexTerm("spec.nodeName", "node-\($0)") }
        let pods = KeyRange.folder(try KeyFolder("pods"))
        let count = writers * perWriter
        let cpu: Double = try await withThrowingTaskGroup(of: Int.self) { group in
            for term in terms {
                let watch = try await store.watch(WatchRequest(pods, term: term))
                group.addTask { try await Self.read(watch) }
            }
            let cpu = processorSeconds()
            try await create(in: store, terms: terms)
            let used = processorSeconds() - cpu
            await store.close()
            var seen = 0
            while let result = await group.nextResult() { seen += (try? result.get()) ?? 0 }
            guard seen == count else { throw BenchmarkError("\(seen) of \(count) changes were seen") }
            return used
        }
        return [
            Row(name: "pool.store.watch20k.cpu", value: cpu * 1e6 / Double(count), unit: "us", bar: .atMost(80))
        ]
    }

    /// From the start of the program to the first answer, with 20,000 nodes and 200,000 pods.
    static func restart(in folder: String) async throws -> [Row] {
        var store = try await SQLiteStore.open(folder + "/store.db")
        for part in 0..<2200 {
            let puts = try (0..<100).map { number -> Transaction in
                let index = part * 100 + number
                let path = index < 20_000 ? "nodes/node-\(index)" : "pods/default/web-\(index)-x7k2p"
                return .create(
                    Put(try StoreKey(path), value, terms: [try IndexTerm("spec.nodeName", "node-\(index % 20_000)")]))
            }
            for result in await store.commit(puts) { _ = try result.get() }
        }
        await store.close()
        let start = ContinuousClock.now
        store = try await SQLiteStore.open(folder + "/store.db")
        let page = try await store.list(ListRequest(.folder(try KeyFolder("pods")), limit: 500))
        let elapsed = seconds(since: start)
        guard page.objects.count == 500 else { throw BenchmarkError("the store came back empty") }
        await store.close()
        return [
            Row(name: "pool.store.restart", value: elapsed, unit: "s", bar: .atMost(10)),
            Row(name: "pool.store.memory", value: residentBytes() / 1e6, unit: "MB", bar: .none),
        ]
    }

    private static func read(_ watch: Watch) async throws -> Int {
        var seen = 0
        do throws(StoreError) {
            while let batch = try await watch.next() { seen += batch.events.count }
        } catch {
            guard error == .closed else { throw error }
        }
        return seen
    }

    private static func create(in store: LocalStore, terms: [IndexTerm] = []) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for number in 0..<perWriter {
                        let index = writer * perWriter + number
                        let put = Put(
                            try StoreKey("pods/default/web-\(index)-x7k2p"), value,
                            terms: terms.isEmpty ? [] : [terms[index % terms.count]])
                        _ = try await store.commit(.create(put))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

func seconds(since start: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - start) / .seconds(1)
}

/// The processor time of this process, in seconds.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Resident memory of this process, in bytes.
func residentBytes() -> Double {
    guard let text = try? String(decoding: WholeFile.read("/proc/self/statm"), as: UTF8.self) else { return 0 }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) }
    return (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE)))
}
