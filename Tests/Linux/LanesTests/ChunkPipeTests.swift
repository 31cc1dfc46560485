import Glibc
import Lanes
import Testing

@Suite("Chunk pipe")
struct ChunkPipeTests {
    @Test("bytes arrive in order from a blocking writer to an awaiting reader, held to the capacity")
    func blockingToAsync() async throws {
        let pipe = ChunkPipe(capacity: 64)
        let ahead = Gauge()
        async let writer: Void = Lanes.shared.run { () throws(PipeClosed) in
            for value in 0..<500 {
                try pipe.write([UInt8](repeating: UInt8(value % 251), count: 1 + value % 40))
                ahead.change(by: 1 + value % 40)
            }
            pipe.finish()
        }
        var value = 0
        for try await chunk in pipe {
            #expect(chunk == [UInt8](repeating: UInt8(value % 251), count: 1 + value % 40))
            ahead.change(by: -chunk.count)
            value += 1
        }
        try await writer
        #expect(value == 500)
        #expect(ahead.most <= 64 + 40 + 40)
    }

    @Test("bytes arrive in order from an awaiting writer to a blocking reader")
    func asyncToBlocking() async throws {
        let pipe = ChunkPipe(capacity: 10)
        async let total = Lanes.shared.run { () throws(PipeClosed) -> Int in
            var total = 0
            while let chunk = try? pipe.read() { total += chunk.reduce(0) { $0 + Int($1) } }
            return total
        }
        for _ in 0..<300 { try await pipe.send([1, 2, 3]) }
        pipe.finish()
        #expect(try await total == 1800)
    }

    @Test("the reader gets the writer's error after what was written before it")
    func failure() async throws {
        struct Broken: Error {}
        let pipe = ChunkPipe()
        try await pipe.send([1])
        pipe.fail(Broken())
        #expect(try await pipe.next() == [1])
        await #expect(throws: Broken.self) { try await pipe.next() }
    }

    @Test("a writer learns that the reader has gone instead of waiting for ever")
    func readerGone() async throws {
        let pipe = ChunkPipe(capacity: 1)
        async let outcome = Lanes.shared.run { () -> Bool in
            do {
                while true { try pipe.write([0, 0]) }
            } catch {
                return true
            }
        }
        _ = try await pipe.next()
        pipe.close()
        #expect(await outcome)
    }

    @Test("cancelling a task that waits closes the pipe")
    func cancellation() async {
        let pipe = ChunkPipe()
        let reader = Task { try await pipe.next() }
        try? await Task.sleep(for: .milliseconds(5))
        reader.cancel()
        await #expect(throws: PipeClosed.self) { try await reader.value }
        await #expect(throws: PipeClosed.self) { try await pipe.send([1]) }
    }
}
