import Identity
import LinuxKernel
import TestSupport
import Testing

/// The authority of a pool, join tokens, and what members believe.
@Suite("identities")
struct IdentityTests {
    private static let now: Int64 = 1_800_000_000

    /// An authority and one member of its pool.
    private func withPool(
        _ roles: Set<NodeRole> = [.peer], _ body: (CertificateAuthority, NodeCredentials, String) throws -> Void
    ) async throws {
        try await withScratchDirectory { folder in
            let authority = try CertificateAuthority(folder: folder + "/pool")
            try body(authority, try Self.member("node-1", roles, of: authority), folder)
        }
    }

    private static func member(
        _ name: String, _ roles: Set<NodeRole>, of authority: CertificateAuthority
    ) throws -> NodeCredentials {
        let (key, request) = try NodeCredentials.makeRequest(name: name)
        let certificate = try authority.certificate(for: name, roles, request: request)
        return try NodeCredentials(authority: authority.pem, certificate: certificate, key: key)
    }

    @Test("an authority is the same after a restart, and a certificate says who its holder is")
    func authority() async throws {
        try await withPool([.peer, .seed]) { authority, node, folder in
            #expect(try CertificateAuthority(folder: folder + "/pool").fingerprint == authority.fingerprint)
            #expect(node.identity.name == "node-1" && node.identity.roles == [.peer, .seed])
            try node.save(to: folder + "/node")
            #expect(try NodeCredentials(folder: folder + "/node")?.identity == node.identity)
            #expect(try NodeCredentials(folder: folder + "/none") == nil)
            let other = try Self.member("node-1", [.peer], of: authority)
            #expect(other.identity.number != node.identity.number)
        }
    }

    @Test("members believe their authority alone, and each other's signatures")
    func trust() async throws {
        try await withPool { authority, node, folder in
            let trust = try PoolTrust(authority: authority.pem)
            let member = try trust.member(certificate: node.certificate)
            #expect(member.identity == node.identity)
            let bytes = Array("piece 7".utf8)
            let mark = try node.sign(bytes)
            #expect(member.signed(bytes, mark))
            #expect(!member.signed(Array("piece 8".utf8), mark))
            #expect(!trust.authoritySigned(bytes, mark))
            #expect(trust.authoritySigned(bytes, try authority.sign(bytes)))
            let stranger = try CertificateAuthority(folder: folder + "/other")
            let foreign = try Self.member("node-1", [.seed], of: stranger)
            #expect(throws: IdentityError.untrusted("certificate of node-1")) {
                try trust.member(certificate: foreign.certificate)
            }
        }
    }

    @Test("a token lets one node in, once, in time, with the roles that it was made for")
    func tokens() async throws {
        try await withPool { authority, _, folder in
            let book = try TokenBook(folder: folder + "/tokens")
            let token = try book.make(for: authority, roles: [.peer, .seed], expires: Self.now + 60)
            let read = try JoinToken(parsing: token.text)
            #expect(read == token && read.fingerprint == authority.fingerprint)
            #expect(try book.redeem(secret: read.secret, now: Self.now) == [.peer, .seed])
            #expect(throws: IdentityError.tokenUsed(by: "")) { try book.redeem(secret: read.secret, now: Self.now) }
            let late = try book.make(for: authority, roles: [.peer], expires: Self.now)
            #expect(throws: IdentityError.tokenExpired) { try book.redeem(secret: late.secret, now: Self.now) }
            #expect(throws: IdentityError.badToken) { try book.redeem(secret: "../../etc/passwd", now: Self.now) }
        }
    }

    @Test("who lost the answer may ask again for the same key, nobody else; revoked tokens say so")
    func again() async throws {
        try await withPool { authority, _, folder in
            let book = try TokenBook(folder: folder + "/tokens")
            let token = try book.make(for: authority, roles: [], expires: Self.now + 60)
            #expect(try book.check(secret: token.secret, by: "n1#aa", now: Self.now))
            #expect(try book.redeem(secret: token.secret, by: "n1#aa", now: Self.now).isEmpty)
            #expect(try !book.check(secret: token.secret, by: "n1#aa", now: Self.now))
            #expect(try book.redeem(secret: token.secret, by: "n1#aa", now: Self.now).isEmpty)
            for other in ["n1#bb", "n2#aa", ""] {
                #expect(throws: IdentityError.tokenUsed(by: "n1")) {
                    try book.redeem(secret: token.secret, by: other, now: Self.now)
                }
            }
            let second = try book.make(for: authority, roles: [], expires: Self.now + 60)
            try book.revoke(second.text)
            #expect(throws: IdentityError.tokenRevoked) { try book.redeem(secret: second.secret, now: Self.now) }
            #expect(throws: IdentityError.badToken) { try book.revoke(second.text) }
            let states = try book.entries(now: Self.now).map(\.state)
            #expect(states.contains(.used(by: "n1")) && states.contains(.revoked) && states.count == 2)
            #expect(try book.entries(now: Self.now + 9 * 86400).isEmpty)
        }
    }

    @Test("of two who come at once with one token one gets in, and the other hears who")
    func race() async throws {
        try await withScratchDirectory { folder in
            let authority = try CertificateAuthority(folder: folder + "/pool")
            let book = try TokenBook(folder: folder + "/tokens")
            for _ in 0..<20 {
                let token = try book.make(for: authority, roles: [], expires: Self.now + 60)
                let failures = await withTaskGroup(of: (String, IdentityError?).self) { group in
                    for name in ["n1", "n2"] {
                        group.addTask {
                            await withThread {
                                do throws(IdentityError) {
                                    _ = try book.redeem(secret: token.secret, by: "\(name)#aa", now: Self.now)
                                    return (name, nil)
                                } catch {
                                    return (name, error)
                                }
                            }
                        }
                    }
                    return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                let winner = failures["n1"] == nil ? "n1" : "n2"
                #expect(failures == [winner == "n1" ? "n2" : "n1": .tokenUsed(by: winner)])
            }
        }
    }

    @Test("what a crash leaves of a token's use counts for nothing, or for its use")
    func crash() async throws {
        try await withPool { authority, _, folder in
            let path = folder + "/tokens"
            let book = try TokenBook(folder: path)
            let token = try book.make(for: authority, roles: [], expires: Self.now + 60)
            let open = try #require(try Files.list(path).first)
            let text = String(decoding: try WholeFile.read("\(path)/\(open)"), as: UTF8.self)
            // Before the link: a draft beside an open token.
            try WholeFile.replace("\(path)/\(open).draft-7", with: Array(text.utf8))
            #expect(try book.entries(now: Self.now).map(\.state) == [.open])
            // After it: the open one is still there.
            let used = String(text.filter { $0 != "\n" }) + " by n1#aa\n"
            try WholeFile.replace("\(path)/\(open).used", with: Array(used.utf8))
            #expect(try book.entries(now: Self.now).map(\.state) == [.used(by: "n1")])
            #expect(throws: IdentityError.tokenUsed(by: "n1")) {
                try book.redeem(secret: token.secret, by: "n2#bb", now: Self.now)
            }
            #expect(try book.redeem(secret: token.secret, by: "n1#aa", now: Self.now).isEmpty)
        }
    }

    @Test("a name is taken while a token that it came with is good, for every key but its own, until it is released")
    func names() async throws {
        try await withPool { authority, _, folder in
            let book = try TokenBook(folder: folder + "/tokens")
            let token = try book.make(for: authority, roles: [], expires: Self.now + 60)
            _ = try book.redeem(secret: token.secret, by: "n1#aa", now: Self.now)
            #expect(try book.isNameTaken(by: "n1#bb", now: Self.now))
            #expect(try !book.isNameTaken(by: "n1#aa", now: Self.now) && !book.isNameTaken(by: "n2#bb", now: Self.now))
            #expect(try !book.isNameTaken(by: "n1#bb", now: Self.now + 60))
            try book.release(node: "n1")
            #expect(try !book.isNameTaken(by: "n1#bb", now: Self.now))
            #expect(throws: IdentityError.tokenUsed(by: "")) {
                try book.redeem(secret: token.secret, by: "n1#aa", now: Self.now)
            }
        }
    }

    @Test("a node's certificate says who it is as Kubernetes has it, and when to renew it")
    func node() async throws {
        try await withPool { authority, _, _ in
            let request = try KeyRequest()
            let pem = try authority.certificate(
                for: .node("n1.example"), request: request.request, lifetime: .seconds(1000))
            let term = try CertificateTerm(pem: pem)
            #expect(term.ends - term.begins == 1000 && term.renewal - term.begins == 700)
            #expect(throws: IdentityError.self) { try CertificateHolder.check(node: "N1") }
            #expect(throws: IdentityError.self) { try CertificateHolder.check(node: "a..b") }
            try CertificateHolder.check(node: "n1.example")
            #expect(throws: IdentityError.self) {
                try authority.certificate(for: .node("n1"), request: "nothing", lifetime: .seconds(1))
            }
        }
    }

    @Test("text that is no token and no name is refused", arguments: ["", "pouch-1-2", "pouch--", "x-\(0)-\(1)"])
    func malformed(text: String) {
        #expect(throws: IdentityError.malformed("join token")) { try JoinToken(parsing: text) }
        #expect(throws: (any Error).self) { try NodeIdentity.check(text + "/") }
    }

    @Test("a certificate of damaged bytes is refused and never trusted", arguments: UInt64(0)..<8)
    func damaged(seed: UInt64) async throws {
        try await withPool { authority, node, _ in
            let trust = try PoolTrust(authority: authority.pem)
            var random = SplitMix64(seed: seed)
            for _ in 0..<125 {
                var bytes = Array(node.certificate.utf8)
                let place = Int.random(in: 30..<bytes.count - 30, using: &random)
                let replacement = UInt8.random(in: 65...90, using: &random)
                guard bytes[place] != replacement else { continue }
                bytes[place] = replacement
                let text = String(decoding: bytes, as: UTF8.self)
                if let member = try? trust.member(certificate: text) {
                    // A changed line end leaves the bytes that count.
                    #expect(member.identity == node.identity, "seed \(seed), place \(place)")
                }
            }
        }
    }
}
