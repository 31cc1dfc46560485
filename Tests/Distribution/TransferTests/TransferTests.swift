import Identity
import LinuxKernel
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport
import Testing
import Transfer

/// A server and a client on this machine.
@Suite("transfers")
struct TransferTests {
    private static let group = MultiThreadedEventLoopGroup.singleton
    private static let size = 3 << 20

    /// What `respond` of most tests serves: the file, by range, with the caller's number as its proof.
    private static func serve(_ path: String) -> TransferServer.Respond {
        { request, loop in
            loop.makeCompletedFuture {
                switch request.path {
                case "/file":
                    guard let range = request.range.flatMap({ PieceRange.parse($0, size: Int64(size)) }) else {
                        return .refusal(416, "no such range")
                    }
                    let proof = "\(request.caller?.name ?? "nobody") \(request.grant ?? "-") \(request.isBackground)"
                    return .file(FilePart(try Descriptor.open(path), range, of: Int64(size), proof: proof))
                case "/echo": return .bytes(status: 200, request.body.reversed(), type: "text/plain")
                default: return .refusal(404, "nothing here")
                }
            }
        }
    }

    private static func bytes(_ range: Range<Int64>) -> [UInt8] {
        range.map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 12) }
    }

    /// A pool of one authority with the members of these names.
    private static func pool(_ names: [String], below folder: String) throws -> [NodeCredentials] {
        let authority = try CertificateAuthority(folder: folder + "/pool")
        return try names.map { name in
            let (key, request) = try NodeCredentials.makeRequest(name: name)
            let certificate = try authority.certificate(for: name, [.peer], request: request)
            return try NodeCredentials(authority: authority.pem, certificate: certificate, key: key)
        }
    }

    /// A folder for another pool.
    private static func other(_ folder: String) throws -> String {
        try Files.makeDirectory(folder + "/other", mode: 0o700)
        return folder + "/other"
    }

    /// Runs `body` beside a server on a free port.
    private func withServer(
        tls: NIOSSLContext? = nil, upload: Int64? = nil, _ respond: @escaping TransferServer.Respond,
        _ body: (Int) async throws -> Void
    ) async throws {
        let server = TransferServer(
            host: "127.0.0.1", port: 0, tls: tls, group: Self.group,
            upload: RateLimit(rate: upload, loop: Self.group.any()), logger: Logger(label: "test"), respond: respond)
        try await server.bind()
        let port = try #require(server.boundPort)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            try await body(port)
            server.stop()
            try await tasks.waitForAll()
        }
    }

    private func client(_ tls: NIOSSLContext? = nil, download: Int64? = nil) -> TransferClient {
        TransferClient(
            tls: tls, group: Self.group, download: RateLimit(rate: download, loop: Self.group.any()))
    }

    private func withFile(_ body: (String, String) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/file"
            try WholeFile.replace(path, with: Self.bytes(0..<Int64(Self.size)))
            try await body(folder, path)
        }
    }

    private static func call(_ range: Range<Int64>) -> TransferCall {
        var call = TransferCall("GET", "/file")
        call.range = range
        return call
    }

    @Test("ranges of a file arrive whole, many on one connection; what is wrong is said and the connection goes on")
    func plain() async throws {
        try await withFile { _, path in
            try await withServer(Self.serve(path)) { port in
                let client = client()
                let target = TransferTarget(host: "127.0.0.1", port: port, serverName: "")
                var random = SplitMix64(seed: 1)
                for _ in 0..<40 {
                    let first = Int64.random(in: 0..<Int64(Self.size) - 1, using: &random)
                    let range = first..<Int64.random(in: first + 1...Int64(Self.size), using: &random)
                    let reply = try await client.send(Self.call(range), to: target)
                    #expect(reply.status == (range == 0..<Int64(Self.size) ? 200 : 206))
                    #expect(reply.body == ByteBuffer(bytes: Self.bytes(range)), "\(range)")
                    #expect(reply.proof == "nobody - false")
                }
                let missing = try await client.send(TransferCall("GET", "/other"), to: target)
                #expect(throws: TransferError.refused(status: 404, "it: nothing here")) { try missing.success("it") }
                var echo = TransferCall("POST", "/echo")
                echo.body = Array("abc".utf8)
                #expect(try await client.send(echo, to: target).body == ByteBuffer(string: "cba"))
                client.close()
            }
        }
    }

    @Test(
        "with TLS a member gets in and is known; a stranger does not, nor is another member taken for the one expected")
    func mutual() async throws {
        try await withFile { folder, path in
            let members = try Self.pool(["node-a", "node-b"], below: folder)
            let stranger = try Self.pool(["node-a"], below: try Self.other(folder))
            try await withServer(tls: try members[0].serverContext(), Self.serve(path)) { port in
                func target(_ number: UInt64) -> TransferTarget {
                    TransferTarget(host: "127.0.0.1", port: port, serverName: NodeIdentity.serverName(of: number))
                }
                let right = target(members[0].identity.number)
                let client = client(try members[1].clientContext())
                var call = Self.call(5..<2_000_000)
                call.grant = "leave"
                call.isBackground = true
                let reply = try await client.send(call, to: right)
                #expect(reply.status == 206 && reply.proof == "node-b leave true")
                #expect(reply.body == ByteBuffer(bytes: Self.bytes(5..<2_000_000)))
                await #expect(throws: TransferError.self) {
                    _ = try await client.send(call, to: target(members[1].identity.number))
                }
                let other = self.client(try stranger[0].clientContext())
                await #expect(throws: TransferError.self) { _ = try await other.send(call, to: right) }
                let nobody = self.client(try NodeCredentials.joiningContext(authority: members[0].authority))
                await #expect(throws: TransferError.self) { _ = try await nobody.send(call, to: right) }
                for client in [client, other, nobody] { client.close() }
            }
        }
    }

    @Test("an answer that is longer than was asked for is broken off; a call can be called off; nobody there is said")
    func broken() async throws {
        try await withFile { _, path in
            let never = Self.group.any().makePromise(of: TransferAnswer.self)
            try await withServer({ request, loop in
                request.path == "/wait" ? never.futureResult : Self.serve(path)(request, loop)
            }) { port in
                let client = client()
                let target = TransferTarget(host: "127.0.0.1", port: port, serverName: "")
                var call = Self.call(0..<100_000)
                call.longestAnswer = 99_999
                await #expect(throws: TransferError.malformed("/file: more than the 99999 bytes asked for")) {
                    _ = try await client.send(call, to: target)
                }
                let task = client.start(TransferCall("GET", "/wait"), at: target)
                task.cancel()
                await #expect(throws: TransferError.self) { _ = try await task.reply.get() }
                client.close()
            }
            never.succeed(.refusal(500, "late"))
            let nowhere = TransferTarget(host: "127.0.0.1", port: 1, serverName: "")
            await #expect(throws: TransferError.self) { _ = try await client().send(Self.call(0..<1), to: nowhere) }
        }
    }

    @Test(
        "who never answers is given up in time; a connection that ends under a request says so", .timeLimit(.minutes(1))
    )
    func silence() async throws {
        let never = Self.group.any().makePromise(of: TransferAnswer.self)
        try await withServer({ request, loop in
            request.path == "/wait"
                ? never.futureResult : loop.makeSucceededFuture(.bytes(status: 200, [], type: "text/plain"))
        }) { port in
            let client = client()
            let target = TransferTarget(host: "127.0.0.1", port: port, serverName: "")
            var call = TransferCall("GET", "/wait")
            call.patience = .milliseconds(100)
            await #expect(throws: TransferError.self) { _ = try await client.send(call, to: target) }
            // Calls on connections that are closed just then, all of which must end.
            for _ in 0..<200 {
                _ = try await client.send(TransferCall("GET", "/"), to: target)
                let (one, two) = (client.start(call, at: target), client.start(TransferCall("GET", "/"), at: target))
                one.cancel()
                await #expect(throws: TransferError.self) { _ = try await one.reply.get() }
                #expect(try await two.reply.get().status == 200)
            }
            client.close()
        }
        never.succeed(.refusal(500, "late"))
    }

    @Test(
        "only connections that the other side ended while they were in use of late are told as lost",
        .timeLimit(.minutes(1)))
    func lost() async throws {
        let count = Mutex(0)
        let (told, tell) = AsyncStream<Void>.makeStream()
        let never = Self.group.any().makePromise(of: TransferAnswer.self)
        func client(idleLimit: Duration) -> TransferClient {
            TransferClient(
                tls: nil, group: Self.group, download: RateLimit(rate: nil, loop: Self.group.any()),
                idleLimit: idleLimit
            ) {
                count.withLock { $0 += 1 }
                tell.yield()
            }
        }
        try await withServer({ request, loop in
            request.path == "/wait"
                ? never.futureResult : loop.makeSucceededFuture(.bytes(status: 200, [], type: "text/plain"))
        }) { port in
            let target = TransferTarget(host: "127.0.0.1", port: port, serverName: "")
            let (busy, idle, closed) = (
                client(idleLimit: .seconds(60)), client(idleLimit: .zero), client(idleLimit: .seconds(60))
            )
            for client in [busy, idle, closed] { _ = try await client.send(TransferCall("GET", "/"), to: target) }
            closed.close()
            var call = TransferCall("GET", "/wait")
            call.patience = .milliseconds(20)
            await #expect(throws: TransferError.self) { _ = try await closed.send(call, to: target) }
        }
        // The server has ended by now, and with it the connections of two.
        for await _ in told { break }
        let loops = Self.group.makeIterator()
        for loop in loops { try await loop.submit {}.get() }
        #expect(count.withLock { $0 } == 1)
        never.succeed(.refusal(500, "late"))
    }

    @Test("what small answers bring is limited too")
    func smallAnswers() async throws {
        try await withFile { _, path in
            try await withServer(Self.serve(path)) { port in
                let client = client(download: 4 << 20)
                let target = TransferTarget(host: "127.0.0.1", port: port, serverName: "")
                let began = ContinuousClock.now
                for number in Int64(0)..<64 {
                    let reply = try await client.send(Self.call(number << 15..<(number + 1) << 15), to: target)
                    #expect(reply.body.readableBytes == 1 << 15)
                }
                // Half a second at this rate; the machine may be slower, never faster.
                #expect(ContinuousClock.now - began > .milliseconds(450))
                client.close()
            }
        }
    }

    @Test("limits hold on the way out and on the way in", arguments: [true, false])
    func limits(isUpload: Bool) async throws {
        try await withFile { _, path in
            let rate: Int64 = 4 << 20
            try await withServer(upload: isUpload ? rate : nil, Self.serve(path)) { port in
                let client = client(download: isUpload ? nil : rate)
                let target = TransferTarget(host: "127.0.0.1", port: port, serverName: "")
                let began = ContinuousClock.now
                async let one = client.send(Self.call(0..<1 << 20), to: target)
                async let two = client.send(Self.call(0..<1 << 20), to: target)
                let count = try await one.body.readableBytes + two.body.readableBytes
                #expect(count == 2 << 20)
                // Half a second at this rate; the machine may be slower, never faster.
                #expect(ContinuousClock.now - began > .milliseconds(450))
                client.close()
            }
        }
    }
}
