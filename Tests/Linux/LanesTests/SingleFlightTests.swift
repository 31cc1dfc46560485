import Lanes
import Synchronization
import Testing

@Suite struct SingleFlightTests {
    private final class Runs: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }
    private struct Broken: Error, Equatable { var reason: String }

    @Test("work for one key is done once for all who ask together, and again later")
    func once() async throws {
        let flights = SingleFlight<String, Int, Broken>()
        let gate = ChunkPipe()
        let runs = Runs()
        let results = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await flights.run("a", abandoned: Broken(reason: "abandoned")) { () async throws(Broken) in
                        let number = runs.next()
                        _ = try? await gate.next()
                        return number
                    }
                }
            }
            while runs.value == 0 { await Task.yield() }
            for _ in 0..<200 { await Task.yield() }
            gate.finish()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 20)
        #expect(Set(results).count == runs.value)
        let later = try await flights.run("a", abandoned: Broken(reason: "")) { () async throws(Broken) in -1 }
        #expect(later == -1)
    }

    @Test("who waits takes over when the one at work is cancelled, and fails with it when it fails")
    func takeover() async throws {
        let flights = SingleFlight<String, Int, Broken>()
        let started = ChunkPipe()
        let first = Task {
            try await flights.run("a", abandoned: Broken(reason: "abandoned")) { () async throws(Broken) in
                try? await started.send([1])
                while !Task.isCancelled { await Task.yield() }
                throw Broken(reason: "cancelled")
            }
        }
        _ = try await started.next()
        let second = Task {
            try await flights.run("a", abandoned: Broken(reason: "abandoned")) { () async throws(Broken) in 2 }
        }
        for _ in 0..<100 { await Task.yield() }
        first.cancel()
        #expect(try await second.value == 2)
        await #expect(throws: Broken(reason: "cancelled")) { try await first.value }
    }
}
