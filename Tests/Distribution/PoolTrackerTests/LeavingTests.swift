import ContentStore
import Glibc
import ImageSpec
import LinuxKernel
import Synchronization
import TestSupport
import Testing

@testable import PoolNode

/// What a node does when those who wanted a blob do not want it any more.
@Suite("leaving", .serialized, .timeLimit(.minutes(2)))  // each pool uses both cores
struct LeavingTests {
    /// A registry that gives its blob once the gate is open.
    private func registry(_ gate: Gate) throws -> ScriptedRegistry {
        try ScriptedRegistry(size: 500_000) { request, _, _ in
            // On a thread of the script's own.
            while request.method == "GET", !gate.isOpen { usleep(2000) }
            return false
        }
    }

    private final class Gate: Sendable {
        private let state = Mutex(false)
        var isOpen: Bool { state.withLock { $0 } }
        func open() { state.withLock { $0 = true } }
    }

    private func bytes(of stream: BlobStream) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in stream.chunks { bytes += chunk }
        return bytes
    }

    @Test("a prewarm that is dismissed stops nothing that somebody else reads")
    func dismissed() async throws {
        let gate = Gate()
        let registry = try registry(gate)
        try await SmallPool.with(registry) { pool in
            defer { gate.open() }
            let one = try await pool.start("one")
            var mine: BlobStream? = try await pool.open(one, isPrewarm: true)
            let other = try await pool.open(one, isPrewarm: true)
            #expect(mine != nil)
            mine = nil
            one.node.leavePrewarms()
            gate.open()
            #expect(try await bytes(of: other) == registry.blob)
        }
    }

    @Test("what nobody reads is left with its last reader; who comes back goes on")
    func lastReader() async throws {
        let gate = Gate()
        let registry = try registry(gate)
        try await SmallPool.with(registry) { pool in
            defer { gate.open() }
            let one = try await pool.start("one")
            var reader: BlobStream? = try await pool.open(one, isPrewarm: true)
            let blob = try #require(one.node.blob(registry.descriptor.digest))
            one.node.leavePrewarms()
            #expect(reader != nil && blob.progress.failure == nil)
            reader = nil
            #expect(blob.progress.failure?.contains("nobody") == true)
            #expect(one.node.origin(of: registry.descriptor.digest) == nil)
            gate.open()
            #expect(try await pool.pull(one, isPrewarm: true) == registry.blob)
        }
    }

    @Test("who reads a blob that is left is told to ask again, rather than to wait")
    func interrupted() async throws {
        let gate = Gate()
        let registry = try registry(gate)
        try await SmallPool.with(registry) { pool in
            defer { gate.open() }
            let one = try await pool.start("one")
            let stream = try await pool.open(one)
            one.node.leave(registry.descriptor.digest)
            let error = await #expect(throws: BlobSourceError.self) { _ = try await bytes(of: stream) }
            let isInterrupted = if case .interrupted? = error { true } else { false }
            #expect(isInterrupted, "\(String(describing: error))")
        }
    }

    @Test("how large the pool was is known again after a restart, without the tracker")
    func size() async throws {
        try await SmallPool.with(try ScriptedRegistry(size: 10)) { pool in
            let one = try await pool.start("one")
            await one.node.size.learn(37)
            await one.node.size.learn(12)
            await pool.stop("one")
            #expect(try await pool.start("one").node.size.count == 37)
        }
    }
}
