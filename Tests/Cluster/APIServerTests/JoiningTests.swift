import ClusterStore
import HTTPKit
import HTTPTypes
import Identity
import JSON
import Lanes
import TestSupport
import Testing
import Units

@testable import APIServer

/// A pool with a desk, asked without sockets.
private struct Pool {
    let folder: PoolFolder
    let fixture: Fixture

    init(in path: String) async throws {
        let (folder, desk) = try await Lanes.shared.run { () throws(IdentityError) in
            let folder = try PoolFolder.make(in: path + "/pool", .init(listen: "127.0.0.1:0", hosts: []))
            return (folder, try JoinDesk(folder, lifetime: .seconds(3600)))
        }
        self.folder = folder
        let store = LocalStore()
        fixture = Fixture(api: APIServer(store, authentication: Authentication(tokens: [:]), desk: desk))
        try await fixture.api.objects.prepare()
    }

    /// The same pool, served by a server that starts.
    private init(folder: PoolFolder, fixture: Fixture) { (self.folder, self.fixture) = (folder, fixture) }

    func restarted() async throws -> Pool {
        let desk = try await Lanes.shared.run { [folder] () throws(IdentityError) in
            try JoinDesk(folder, lifetime: .seconds(3600))
        }
        let api = APIServer(
            fixture.api.objects.store, authentication: Authentication(tokens: [:]), desk: desk)
        return Pool(folder: folder, fixture: Fixture(api: api))
    }

    func token() async throws -> JoinToken {
        try await Lanes.shared.run { [folder] () throws(IdentityError) in
            try folder.tokens.make(for: folder.authority, roles: [], expires: Timestamp.now.seconds + 3600)
        }
    }

    func join(_ name: String, _ token: JoinToken, request: String) async throws -> (status: Int, value: JSONValue) {
        try await fixture.send(
            .post, "/pouch/v1/join",
            ["secret": .string(token.secret), "name": .string(name), "request": .string(request)])
    }

    /// What a machine that joins with a new token is known by, in DER.
    func joined(_ name: String, _ key: KeyRequest) async throws -> [UInt8] {
        let answer = try await join(name, try await token(), request: key.request)
        try #require(answer.status == 200, "\(answer)")
        let lines = (answer.value["certificate"]?.stringValue ?? "").split(separator: "\n")
        return try #require(Base64.decoded(lines.filter { !$0.hasPrefix("-----") }.joined()))
    }

    func ask(_ path: String, showing certificate: [UInt8]) async throws -> (status: Int, value: JSONValue) {
        try await fixture.send(.get, path, certificate: certificate)
    }

    func delete(_ path: String) async throws -> Int { try await fixture.send(.delete, path, peer: .local).status }
}

@Suite("Joining a pool, and being expelled from it", .timeLimit(.minutes(1)))
struct JoiningTests {
    private static let node = "/api/v1/nodes/n1"

    private func withPool(_ body: (Pool) async throws -> Void) async throws {
        try await withScratchDirectory { try await body(try await Pool(in: $0)) }
    }

    @Test("a node that was deleted gets in no more, nor a new certificate; who joins with its name does")
    func expulsion() async throws {
        try await withPool { pool in
            let old = try await pool.joined("n1", try KeyRequest())
            #expect(try await pool.ask(Self.node, showing: old).status == 404, "it is known, and not there yet")
            let object: JSONValue = ["apiVersion": "v1", "kind": "Node", "metadata": ["name": "n1"]]
            #expect(try await pool.fixture.send(.post, "/api/v1/nodes", object, certificate: old).status == 201)
            #expect(try await pool.delete(Self.node + "?dryRun=All") == 200)
            #expect(try await pool.ask(Self.node, showing: old).status == 200, "nothing was deleted")
            let again: JSONValue = ["request": .string(try KeyRequest().request)]
            #expect(try await pool.fixture.send(.post, "/pouch/v1/renew", again, certificate: old).status == 200)
            #expect(try await pool.delete(Self.node) == 200)
            for served in [pool, try await pool.restarted()] {
                let refused = try await served.fixture.send(.post, "/api/v1/nodes", object, certificate: old)
                #expect(refused.status == 403, "\(refused)")
                #expect(refused.value["message"]?.stringValue?.contains("deleted from the pool") == true, "\(refused)")
                let renewed = try await served.fixture.send(.post, "/pouch/v1/renew", again, certificate: old)
                #expect(renewed.status == 403, "\(renewed)")
            }
            let new = try await pool.joined("n1", try KeyRequest())
            #expect(try await pool.ask(Self.node, showing: new).status == 404)
            #expect(try await pool.ask(Self.node, showing: old).status == 403)
        }
    }

    @Test("nodes that are deleted together are expelled, others are not")
    func collection() async throws {
        try await withPool { pool in
            var shown: [String: [UInt8]] = [:]
            for name in ["n1", "n2"] {
                let certificate = try await pool.joined(name, try KeyRequest())
                shown[name] = certificate
                let object: JSONValue = [
                    "apiVersion": "v1", "kind": "Node",
                    "metadata": ["name": .string(name), "labels": ["is": .string(name)]],
                ]
                #expect(
                    try await pool.fixture.send(.post, "/api/v1/nodes", object, certificate: certificate).status == 201)
            }
            #expect(try await pool.delete("/api/v1/nodes?labelSelector=is%3Dn1") == 200)
            for (name, status) in [("n1", 403), ("n2", 200)] {
                #expect(try await pool.ask("/api/v1/nodes/\(name)", showing: shown[name] ?? []).status == status)
            }
        }
    }

    @Test("a name is taken from the moment somebody has joined with it, though the node has not come yet")
    func names() async throws {
        try await withPool { pool in
            let (key, other) = (try KeyRequest(), try KeyRequest())
            let first = try await pool.token()
            #expect(try await pool.join("n1", first, request: key.request).status == 200)
            let second = try await pool.token()
            let taken = try await pool.join("n1", second, request: other.request)
            #expect(taken.status == 409, "\(taken)")
            #expect(try await pool.join("n1", first, request: key.request).status == 200, "whoever lost the answer")
            #expect(try await pool.join("n2", second, request: other.request).status == 200, "the token is still good")
        }
    }

    @Test("of machines that ask for one name at the same time one gets it")
    func race() async throws {
        try await withPool { pool in
            var asked: [(JoinToken, KeyRequest)] = []
            for _ in 0..<8 { asked.append((try await pool.token(), try KeyRequest())) }
            let codes = try await withThrowingTaskGroup(of: Int.self) { group in
                for (token, key) in asked {
                    group.addTask { try await pool.join("n1", token, request: key.request).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == 200 } == 1 && codes.count { $0 == 409 } == 7, "\(codes)")
        }
    }

    @Test("what cannot be certified, or is too long, uses no token up")
    func wrongRequests() async throws {
        try await withPool { pool in
            let token = try await pool.token()
            #expect(try await pool.join("n1", token, request: "nothing").status == 400)
            #expect(try await pool.join("N 1", token, request: try KeyRequest().request).status == 400)
            let long = try await pool.join("n1", token, request: String(repeating: "x", count: 70_000))
            #expect(long.status == 413, "\(long)")
            #expect(try await pool.join("n1", token, request: try KeyRequest().request).status == 200)
        }
    }
}
