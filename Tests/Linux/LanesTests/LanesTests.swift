import Glibc
import Lanes
import LinuxKernel
import Testing

@Suite("Lanes")
struct LanesTests {
    @Test("blocked lanes leave the cooperative pool free")
    func poolStaysFree() async {
        // In a process of its own: other tests keep this one's pool busy.
        await #expect(processExitsWith: .success) {
            let lanes = Lanes(width: 16)
            for _ in 0..<16 { lanes.start { _ = usleep(3_000_000) } }
            let start = ContinuousClock.now
            try await Task.sleep(for: .milliseconds(20))
            // With 16 blocked threads of the pool itself, this timer would fire after three seconds or more.
            exit(ContinuousClock.now - start < .seconds(2) ? 0 : 1)
        }
    }

    @Test("no more threads than the width, and the work that waits is done in the end")
    func bounded() async {
        let lanes = Lanes(width: 3)
        let gauge = Gauge()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    await lanes.run {
                        gauge.change(by: 1)
                        _ = usleep(1000)
                        gauge.change(by: -1)
                    }
                }
            }
        }
        #expect(gauge.most <= 3)
        #expect(lanes.threads <= 3)
    }

    @Test("errors keep their type")
    func typedErrors() async {
        struct Refused: Error, Equatable { var code: Int }
        let lanes = Lanes(width: 1)
        await #expect(throws: Refused(code: 7)) {
            try await lanes.run { () throws(Refused) -> Int in throw Refused(code: 7) }
        }
    }

    @Test("async functions run on lanes as a task executor")
    func taskExecutor() async {
        let lanes = Lanes(width: 1)
        let name = await withTaskExecutorPreference(lanes) { await threadName() }
        #expect(name == "lane")
    }

    @Test("a dedicated thread dies after its work, with what it entered")
    func dedicatedThread() async throws {
        let inner = await DedicatedThread.run { Self.threadNumber() }
        let second = try DedicatedThread.runBlocking { () throws(Gone) -> String in Self.threadNumber() }
        #expect(inner != Self.threadNumber())
        #expect(inner != second)
        #expect(throws: Gone.self) { try DedicatedThread.runBlocking { () throws(Gone) -> Int in throw Gone() } }
    }

    struct Gone: Error {}

    private static func threadNumber() -> String {
        let stat = try? WholeFile.read("/proc/thread-self/stat")
        return String(decoding: stat?.prefix { $0 != UInt8(ascii: " ") } ?? [], as: UTF8.self)
    }

    @concurrent
    private func threadName() async -> String {
        let comm = try? WholeFile.read("/proc/thread-self/comm")
        return String(decoding: comm?.dropLast() ?? [], as: UTF8.self)
    }
}

/// Counts without a lock: correct only because its lane serialises it.
private actor Counter: LaneBound {
    nonisolated let lane: BlockingLane
    private var count = 0

    init(lane: BlockingLane) { self.lane = lane }

    func add() {
        let seen = count
        if seen % 50 == 0 { usleep(100) }
        count = seen + 1
    }

    func total() -> Int { count }

    nonisolated func readFromAnywhere() -> Int { assumeIsolated { $0.count } }
    func readFromInside() -> Int { readFromAnywhere() }
}

@Suite("Blocking lane")
struct BlockingLaneTests {
    @Test("jobs of one lane never overlap and all run")
    func serial() async {
        let lanes = Lanes(width: 4)
        let counters = (0..<8).map { _ in Counter(lane: BlockingLane(on: lanes)) }
        await withTaskGroup(of: Void.self) { group in
            for round in 0..<2000 { group.addTask { await counters[round % 8].add() } }
        }
        for counter in counters { #expect(await counter.total() == 250) }
    }

    @Test("thousands of lanes share a few threads")
    func many() async {
        let lanes = Lanes(width: 2)
        let counters = (0..<3000).map { _ in Counter(lane: BlockingLane(on: lanes)) }
        for counter in counters { await counter.add() }
        #expect(lanes.threads <= 2)
    }

    @Test("the right lane passes the check")
    func rightLane() async {
        let counter = Counter(lane: BlockingLane())
        await counter.add()
        #expect(await counter.readFromInside() == 1)
    }
}
