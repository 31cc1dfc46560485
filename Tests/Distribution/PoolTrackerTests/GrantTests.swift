import Identity
import ImageSpec
import JSON
import LinuxKernel
import NIOCore
import Pieces
import PoolNode
import RegistryClient
import TestSupport
import Testing
import Transfer
import Units

/// Who may have what: proved once at the registry, checked by peers without asking anybody.
@Suite("grants", .serialized, .timeLimit(.minutes(2)))  // each pool uses both cores
struct GrantTests {
    private static let secret = "sesame-9f3a"
    private static let right = RegistryCredentials(username: "reader", password: secret)

    /// A registry whose blob needs the right password.
    private func privateRegistry() throws -> ScriptedRegistry {
        let wanted = "Basic \(Base64.encoded(Array("reader:\(Self.secret)".utf8)))"
        return try ScriptedRegistry(size: 400_000) { request, _, channel in
            guard request.fields["authorization"] != wanted else { return false }
            channel.send(
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n")
            return true
        }
    }

    @Test("who cannot pull a private image does not get it from a neighbour that has it, nor by asking directly")
    func withoutRights() async throws {
        let registry = try privateRegistry()
        try await SmallPool.with(registry) { pool in
            let (one, two) = (try await pool.start("one"), try await pool.start("two"))
            #expect(try await pool.pull(one, as: Self.right) == registry.blob)
            await #expect(throws: (any Error).self) { _ = try await pool.pull(two) }
            await #expect(throws: (any Error).self) {
                _ = try await pool.pull(two, as: RegistryCredentials(username: "reader", password: "guess"))
            }
            #expect(two.totals.received == 0 && two.totals.origin == 0 && one.totals.sent == 0)
            #expect(try await pool.pull(two, as: Self.right) == registry.blob)
        }
    }

    @Test("a peer gives a piece only against the tracker's word for this node, this blob and this time")
    func checkedOffline() async throws {
        let registry = try privateRegistry()
        try await SmallPool.with(registry) { pool in
            let one = try await pool.start("one")
            #expect(try await pool.pull(one, as: Self.right) == registry.blob)
            let (stranger, other) = (try await pool.join("stranger"), try await pool.join("other"))
            // From here on nobody but the peer itself can be asked.
            await pool.stop("tracker")
            let blob = registry.descriptor.digest
            let me = PeerID(stranger.identity.number)
            let foreign = try CertificateAuthority(folder: pool.folder + "/\(me)")
            func grant(
                for node: PeerID, _ blobs: [Digest], seconds: Int64, by authority: CertificateAuthority? = nil
            ) throws -> String {
                var grant = Grant(node: node, blobs: blobs, expires: pool.now + seconds)
                grant.signature = try (authority ?? pool.authority).sign(grant.statement)
                return Base64.encoded(grant.encoded(), forURL: true)
            }
            var spoilt = try #require(Base64.decoded(try grant(for: me, [blob], seconds: 60)))
            spoilt[3] ^= 1
            let elsewhere = Digest(hash: Array(repeating: 3, count: 32))
            let cases: [(grant: String?, status: Int, why: String)] = [
                (nil, 403, "none"), ("x", 403, "no grant at all"),
                (try grant(for: me, [elsewhere], seconds: 60), 403, "another blob"),
                (try grant(for: PeerID(other.identity.number), [blob], seconds: 60), 403, "another node"),
                (try grant(for: me, [blob], seconds: -1), 403, "too late"),
                (try grant(for: me, [blob], seconds: 60, by: foreign), 403, "another tracker"),
                (Base64.encoded(spoilt, forURL: true), 403, "changed on the way"),
                (try grant(for: me, [elsewhere, blob], seconds: 60), 206, "right"),
            ]
            let client = try pool.client(stranger)
            for item in cases {
                var call = TransferCall("GET", "/v1/blobs/\(blob)")
                call.range = PieceLayout(length: registry.descriptor.size).bytes(of: 1)
                call.grant = item.grant
                let reply = try await client.send(call, to: pool.target(one))
                #expect(reply.status == item.status, "\(item.why)")
                guard item.status != 206 else { continue }
                #expect(String(buffer: reply.body).contains("no grant"), "\(item.why)")
            }
            var part = TransferCall("GET", "/v1/blobs/\(blob)")
            part.range = 5..<100
            part.grant = try grant(for: me, [blob], seconds: 60)
            #expect(try await client.send(part, to: pool.target(one)).status == 416)
            client.close()
        }
    }

    @Test("what proves a node's rights at the registry goes to the tracker and the registry, and to no peer")
    func credentialsStay() async throws {
        let registry = try privateRegistry()
        try await SmallPool.with(registry) { pool in
            // A member that notes every byte it is sent, and has nothing to give.
            let spy = try ScriptedDaemon { request, channel in
                channel.answer(request.method == "POST" ? 200 : 404)
            }
            let credentials = try await pool.join("spy")
            let client = try pool.client(credentials)
            let length = registry.descriptor.size
            var claim = TransferCall("POST", "/v1/announce")
            claim.body = TrackerMessageCodec.encode(
                Announcement(
                    contact: Contact(id: PeerID(credentials.identity.number), address: "127.0.0.1:\(spy.port)"),
                    blob: registry.descriptor.digest, length: length,
                    have: .all(of: PieceLayout(length: length).count), phase: .complete))
            #expect(try await client.send(claim, to: pool.tracker).status == 200)
            client.close()
            let one = try await pool.start("one", isPlain: true)
            #expect(try await pool.pull(one, as: Self.right) == registry.blob)
            #expect(!spy.requests.isEmpty)
            let basic = Base64.encoded(Array("reader:\(Self.secret)".utf8))
            for request in spy.requests {
                let all = request.fields.map { "\($0.key): \($0.value)" }.joined(separator: "\n") + request.text
                for secret in [Self.secret, basic, "authorization", Base64.encoded(Self.right.encoded())] {
                    #expect(!all.contains(secret), "\(request.line)")
                }
            }
        }
    }

    @Test("the tracker believes a certificate, a fresh token and the registry, and nothing else")
    func trackerIsStrict() async throws {
        let registry = try privateRegistry()
        try await SmallPool.with(registry) { pool in
            let token = try pool.token()
            let join = PoolJoin(host: "127.0.0.1", port: pool.trackerPort, group: SmallPool.group)
            let member = try await join.credentials(name: "one", token: token, folder: pool.folder + "/a")
            await #expect(throws: PoolError.self) {
                _ = try await join.credentials(name: "two", token: token, folder: pool.folder + "/b")
            }
            let old = try pool.token(minutes: -1)
            await #expect(throws: PoolError.self) {
                _ = try await join.credentials(name: "two", token: old, folder: pool.folder + "/b")
            }
            let client = try pool.client(member)
            func status(_ method: String, _ path: String, _ body: [UInt8] = []) async throws -> Int {
                var call = TransferCall(method, path)
                call.body = body
                return try await client.send(call, to: pool.tracker).status
            }
            let blob = registry.descriptor.digest
            func announcement(of node: UInt64) -> [UInt8] {
                let length = registry.descriptor.size
                return TrackerMessageCodec.encode(
                    Announcement(
                        contact: Contact(id: PeerID(node), address: "127.0.0.1:1"), blob: blob, length: length,
                        have: PieceSet(capacity: PieceLayout(length: length).count), phase: .fetching))
            }
            #expect(try await status("POST", "/v1/announce", [1, 2, 3]) == 400)
            #expect(try await status("POST", "/v1/announce", announcement(of: 99)) == 403)
            #expect(try await status("POST", "/v1/announce", announcement(of: member.identity.number)) == 403)
            #expect(try await status("POST", "/v1/access", Array("{}".utf8)) == 400)
            #expect(try await status("GET", "/v1/members/0000000000000001") == 404)
            #expect(try await status("GET", "/v1/members/\(PeerID(member.identity.number))") == 200)
            #expect(try await status("GET", "/v1/else") == 404)
            func claim(_ password: String, _ digest: Digest) -> [UInt8] {
                AccessClaim(
                    repository: "127.0.0.1:\(registry.server.port)/lib/image", blob: digest, size: 400_000,
                    credentials: RegistryCredentials(username: "reader", password: password).encoded()
                ).encoded()
            }
            #expect(try await status("POST", "/v1/access", claim("guess", blob)) == 403)
            #expect(try await status("POST", "/v1/announce", announcement(of: member.identity.number)) == 403)
            #expect(try await status("POST", "/v1/access", claim(Self.secret, blob)) == 200)
            var call = TransferCall("POST", "/v1/announce")
            call.body = announcement(of: member.identity.number)
            let reply = try await client.send(call, to: pool.tracker).success("announce")
            let grant = try #require(try TrackerMessageCodec.decodeReply(Array(reply.readableBytesView)).grant)
            #expect(grant.covers(blob, for: PeerID(member.identity.number), at: pool.now))
            #expect(try PoolTrust(authority: member.authority).authoritySigned(grant.statement, grant.signature))
            // Without a certificate nothing but joining is answered.
            let nobody = TransferClient(
                tls: try NodeCredentials.joiningContext(authority: member.authority), group: SmallPool.group,
                download: RateLimit(rate: nil, loop: SmallPool.group.any()))
            #expect(try await nobody.send(TransferCall("GET", "/v1/address"), to: pool.tracker).status == 401)
            nobody.close()
            client.close()
        }
    }
}
