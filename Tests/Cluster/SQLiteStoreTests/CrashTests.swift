import ClusterStore
import Glibc
import LinuxKernel
import SQLiteStore
import StoreConformance
import Synchronization
import TestSupport
import Testing

/// How many writes were acknowledged.
private final class Count: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

@Suite("a store whose process is killed")
struct CrashTests {
    /// Writes until it has killed itself; what was acknowledged stands in `acks`, a line each, before anything else happens.
    static func writeAndDie(in folder: String, seed: UInt64) async {
        var random = SplitMix64(seed: seed)
        let lives = Int.random(in: 50...600, using: &random)
        guard let store = try? await SQLiteStore.open(folder + "/store.db") else { return }
        let acks = Glibc.open(folder + "/acks", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let count = Count()
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for number in 0..<1_000_000 {
                        let key = "k/\(seed)-\(writer)-\(number % 40)"
                        guard let object = try? await store.put(key, "\(number)") else { return }
                        let line = Array("\(key)=\(number)@\(object.modified)\n".utf8)
                        guard write(acks, line, line.count) == line.count else { return }
                        // The process is gone in the middle of the others' writes.
                        if count.next() == lives { kill(getpid(), SIGKILL) }
                    }
                }
            }
        }
    }

    @Test("nothing that it acknowledged is lost, life after life", arguments: UInt64(0)..<4)
    func kills(seed: UInt64) async throws {
        try await withScratchDirectory { folder in
            for life in 0..<3 {
                let (child, number) = (folder, seed * 100 + UInt64(life))
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [child = child as String, number = number as UInt64] in
                    await CrashTests.writeAndDie(in: child, seed: number)
                }
                try await Self.verify(folder, life: number)
            }
        }
    }

    static func verify(_ folder: String, life: UInt64) async throws {
        let store = try await SQLiteStore.open(folder + "/store.db")
        let text = String(decoding: try WholeFile.read(folder + "/acks"), as: UTF8.self)
        let acks = text.split(separator: "\n")
        #expect(acks.count >= 50)
        var last: [Substring: Int] = [:]
        for ack in acks {
            let parts = ack.split(whereSeparator: { "=@".contains($0) })
            let (key, value, revision) = (String(parts[0]), try #require(Int(parts[1])), Int64(parts[2]))
            last[parts[0]] = max(last[parts[0]] ?? 0, value)
            #expect(
                try await store.text(key, at: Revision(try #require(revision))) == "\(value)", "life \(life): \(ack)")
        }
        for (key, value) in last {
            // The write after the last that was acknowledged may have happened too.
            let there = try #require(Int(try await store.text(String(key)) ?? "-1"))
            #expect(there == value || there == value + 40, "life \(life): \(key)")
        }
        await store.close()
    }
}
