import ContentStore
import Glibc
import Identity
import ImageSpec
import LinuxKernel
import Pieces
import PoolNode
import RegistryClient
import Synchronization
import TestSupport
import Testing
import Transfer

/// Nodes and a tracker as they are, a registry that does what a script says.
@Suite("a pool in one process", .serialized, .timeLimit(.minutes(2)))  // each pool uses both cores
struct SharingTests {
    private static let size = 3 << 20 | 12_345

    @Test("two nodes at once, right after the tracker's first start: one copy from the registry")
    func together() async throws {
        let registry = try ScriptedRegistry(size: Self.size)
        try await SmallPool.with(registry) { pool in
            let (one, two) = (try await pool.start("one"), try await pool.start("two"))
            async let first = pool.pull(one)
            async let second = pool.pull(two)
            let (a, b) = (try await first, try await second)
            #expect(a == registry.blob && b == registry.blob)
            #expect(registry.bytesSent <= Self.size + Self.size / 20, "\(registry.bytesSent)")
            #expect(one.totals.origin + two.totals.origin <= Int64(Self.size) + Int64(Self.size) / 20)
            #expect(one.totals.wrong + two.totals.wrong == 0)
        }
    }

    /// What a registry may do wrong, each for the first requests only.
    enum Mischief: String, CaseIterable {
        case serverError, tooMany, truncated, ignoresRange, errorBody, wrongLength
    }

    private static func rule(_ mischief: Mischief, _ blob: @escaping @Sendable () -> [UInt8]) -> ScriptedRegistry.Rule {
        { request, count, channel in
            guard request.method == "GET" else { return false }
            let all = blob()
            switch mischief {
            case .serverError where count <= 2: channel.answer(500, "{\"errors\":[{\"code\":\"UNKNOWN\"}]}")
            case .tooMany where count <= 2:
                channel.send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 6\r\n\r\nslow!!")
            case .truncated where count <= 3:
                let range = ScriptedRegistry.range(of: request, all.count)
                channel.send(
                    "HTTP/1.1 206 X\r\nContent-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(all.count)\r\n"
                        + "Content-Length: \(range.count)\r\n\r\n")
                channel.send(Array(all[range].prefix(range.count / 2)))
                channel.close()
            case .ignoresRange:
                channel.send("HTTP/1.1 200 OK\r\nContent-Length: \(all.count)\r\n\r\n")
                channel.send(all)
            case .errorBody where count <= 2:
                // An error that says it is the blob, of just its length.
                let text = Array("<html>busy</html>".utf8)
                channel.send("HTTP/1.1 503 Busy\r\nContent-Length: \(all.count)\r\n\r\n")
                channel.send(Array((0..<all.count).map { text[$0 % text.count] }))
            case .wrongLength where count == 1:
                channel.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                channel.send(Array(all.prefix(100)))
            case .serverError, .tooMany, .truncated, .errorBody, .wrongLength: return false
            }
            return true
        }
    }

    @Test(
        "a registry that misbehaves for a while delays, and no byte of what it said is taken",
        arguments: Mischief.allCases)
    func misbehaving(mischief: Mischief) async throws {
        let size = 1 << 20 | 77
        let plain = try ScriptedRegistry(size: size)
        let registry = try ScriptedRegistry(size: size, rule: Self.rule(mischief) { plain.blob })
        try await SmallPool.with(registry) { pool in
            let (one, two) = (try await pool.start("one"), try await pool.start("two"))
            async let first = pool.pull(one)
            async let second = pool.pull(two)
            let (a, b) = (try await first, try await second)
            #expect(a == registry.blob && b == registry.blob, "\(mischief)")
        }
    }

    @Test("a registry that refuses a node ends its pull with the registry's words, and leaves nothing")
    func refused() async throws {
        let registry = try ScriptedRegistry(size: 100_000) { request, _, channel in
            guard request.method == "GET" else { return false }
            channel.answer(401, "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who are you\"}]}")
            return true
        }
        try await SmallPool.with(registry) { pool in
            let one = try await pool.start("one")
            let error = await #expect(throws: BlobSourceError.self) { _ = try await pool.pull(one) }
            #expect(error?.description.contains("who are you") == true, "\(String(describing: error))")
            #expect(one.totals.origin == 0)
            let bytes = try? Files.status(one.bytesPath(of: registry.descriptor.digest))
            #expect(bytes.map { $0.size } ?? 0 == 0)
        }
    }

    /// How the only copy is damaged.
    enum Damage: String, CaseIterable { case flipped, cutShort, removed }

    @Test(
        "the only holder's copy is damaged on its disk: it is told and mends itself, the other gets the right bytes",
        arguments: Damage.allCases)
    func damaged(damage: Damage) async throws {
        let registry = try ScriptedRegistry(size: Self.size)
        try await SmallPool.with(registry) { pool in
            let (one, two) = (try await pool.start("one"), try await pool.start("two"))
            #expect(try await pool.pull(one) == registry.blob)
            let path = one.bytesPath(of: registry.descriptor.digest)
            switch damage {
            case .flipped:
                let file = try Descriptor.open(path, O_WRONLY)
                let number = file.raw
                let noise = [UInt8](repeating: 0x5A, count: 1 << 20)
                try check("pwrite") { pwrite(number, noise, noise.count, 300_000) }
            case .cutShort: try check("truncate") { truncate(path, 1 << 20) }
            case .removed: try Files.remove(path)
            }
            #expect(try await pool.pull(two) == registry.blob, "\(damage)")
            // Not the whole again.
            #expect(registry.bytesSent < 2 * Self.size + (2 << 20), "\(damage): \(registry.bytesSent)")
            #expect(try await pool.pull(one) == registry.blob, "\(damage)")
        }
    }

    @Test("a node that starts again fetches only what it had not verified")
    func resumes() async throws {
        let gate = Mutex(false)
        let size = 4 << 20
        let plain = try ScriptedRegistry(size: size)
        let registry = try ScriptedRegistry(size: size) { request, _, channel in
            guard request.method == "GET", !gate.withLock({ $0 }) else { return false }
            // Sixty percent of it, then silence.
            channel.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            channel.send(Array(plain.blob.prefix(size * 6 / 10)))
            return true
        }
        try await SmallPool.with(registry) { pool in
            var one = try await pool.start("one")
            let member = one
            let pulling = Task { try await pool.pull(member) }
            while one.totals.origin < Int64(size / 2) { try await Task.sleep(for: .milliseconds(10)) }
            await pool.stop("one")
            pulling.cancel()
            _ = await pulling.result
            gate.withLock { $0 = true }
            one = try await pool.start("one")
            #expect(try await pool.pull(one) == registry.blob)
            // All but what was verified before, and not more.
            #expect(registry.bytesSent <= size - size / 2 + (128 << 10), "\(registry.bytesSent)")
        }
    }

    @Test(
        "the tracker dies and one without memory takes its place: nodes find each other again, the registry is not asked"
    )
    func trackerRestarts() async throws {
        let registry = try ScriptedRegistry(size: 1 << 20)
        try await SmallPool.with(registry) { pool in
            let (one, two) = (try await pool.start("one"), try await pool.start("two"))
            #expect(try await pool.pull(one) == registry.blob)
            await pool.stop("tracker")
            try await pool.startTracker()
            // Whoever asks again proves again, and is told of the other once that has announced itself.
            #expect(try await pool.pull(two) == registry.blob)
            #expect(registry.bytesSent <= (1 << 20) + (64 << 10), "\(registry.bytesSent)")
        }
    }

    @Test("a node whose certificate lets it only pass on still gets what only the registry has")
    func onlyPeers() async throws {
        let registry = try ScriptedRegistry(size: 300_000)
        try await SmallPool.with(registry) { pool in
            var one = try await pool.start("one", roles: [.peer])
            #expect(try await pool.pull(one) == registry.blob)
            // Its word counts with nobody, and after a restart it does not offer what nobody would believe.
            await pool.stop("one")
            one = try await pool.start("one", roles: [.peer])
            let two = try await pool.start("two")
            #expect(try await pool.pull(two) == registry.blob)
            #expect(two.totals.wrong == 0)
        }
    }
}
