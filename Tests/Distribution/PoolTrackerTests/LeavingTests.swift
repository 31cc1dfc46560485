import ContentStore
import Glibc
import ImageSpec
import LinuxKernel
import NIOCore
import Peer
import Pieces
import Synchronization
import TestSupport
import Testing
import Transfer

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
            one.node.leave(try #require(one.node.blob(registry.descriptor.digest)))
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

    @Test("a blob that goes and comes back at the same moment has its files")
    func comesBack() async throws {
        let registry = try ScriptedRegistry(size: 300_000)
        try await SmallPool.with(registry) { pool in
            let one = try await pool.start("one")
            let digest = registry.descriptor.digest
            for _ in 0..<200 {
                _ = try await one.node.pooled(registry.descriptor)
                async let gone: Void = one.node.evict([digest])
                while one.node.blob(digest) != nil { await Task.yield() }
                _ = try await one.node.pooled(registry.descriptor)
                await gone
                #expect(Files.exists(one.bytesPath(of: digest)))
            }
            #expect(try await pool.pull(one) == registry.blob)
        }
    }

    @Test("a disk that takes no piece ends the pull with its words")
    func brokenDisk() async throws {
        let registry = try ScriptedRegistry(size: 300_000)
        try await SmallPool.with(registry) { pool in
            let one = try await pool.start("one")
            let path = one.bytesPath(of: registry.descriptor.digest)
            try Files.makeDirectory(String(path.dropLast(6)), mode: 0o700)
            // A pipe can be opened, and not be written to at an offset.
            try check("mkfifo") { mkfifo(path, 0o600) }
            let error = await #expect(throws: BlobSourceError.self) { _ = try await pool.pull(one) }
            let isFinal = if case .refused? = error { true } else { false }
            #expect(isFinal && error?.description.contains("pwrite") == true, "\(String(describing: error))")
        }
    }

    @Test("what is forgotten keeps no credentials, no grant and no books; what was counted stays counted once")
    func forgotten() async throws {
        let registry = try ScriptedRegistry(size: 300_000)
        try await SmallPool.with(registry) { pool in
            let one = try await pool.start("one")
            let digest = registry.descriptor.digest
            #expect(try await pool.pull(one) == registry.blob)
            while one.node.ledger.sources(of: digest)?.ended == nil { try await Task.sleep(for: .milliseconds(5)) }
            #expect(!one.node.ledger.completed(digest))
            #expect(one.node.tracker.claim(for: digest) != nil && one.node.grant(for: digest) != nil)
            let blob = try #require(one.node.blob(digest))
            try await one.node.erase(blob)
            #expect(one.node.ledger.sources(of: digest) == nil)
            #expect(one.node.tracker.claim(for: digest) == nil && one.node.grant(for: digest) == nil)
            #expect(one.totals.origin == 300_000)
        }
    }

    @Test("who asks a node that has ended is told so", .timeLimit(.minutes(1)))
    func ended() async throws {
        try await SmallPool.with(try ScriptedRegistry(size: 10)) { pool in
            let one = try await pool.start("one")
            await pool.stop("one")
            let answer = SmallPool.group.any().makePromise(of: TransferAnswer.self)
            let digest = try #require(try? Digest(parsing: "sha256:" + String(repeating: "0", count: 64)))
            one.node.ask(
                UploadRequest(id: UploadID(1), by: PeerID(2), blob: digest, piece: 0, ticket: nil), answer)
            guard case .bytes(let status, _, _) = try await answer.futureResult.get() else { return }
            #expect(status == 503)
        }
    }
}
