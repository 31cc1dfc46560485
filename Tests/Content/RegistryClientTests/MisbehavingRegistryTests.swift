import ContentStore
import ImageSpec
import JSON
import LinuxKernel
import Logging
import Synchronization
import TestSupport
import Testing

@testable import RegistryClient

/// A registry that obeys a script: what it is asked and what it answers.
private final class Script: Sendable {
    private let answers: @Sendable (ScriptedDaemon.Request, Int, ScriptedDaemon.Channel) -> Void
    private let asked = Mutex<[String: Int]>([:])

    init(_ answers: @escaping @Sendable (ScriptedDaemon.Request, Int, ScriptedDaemon.Channel) -> Void) {
        self.answers = answers
    }

    /// Answers with the number of times that this line was asked before.
    func answer(_ request: ScriptedDaemon.Request, _ channel: ScriptedDaemon.Channel) {
        let times = asked.withLock { asked in
            asked[request.line, default: -1] += 1
            return asked[request.line] ?? 0
        }
        answers(request, times, channel)
    }
}

@Suite("a registry that misbehaves")
struct MisbehavingRegistryTests {
    private static let blob = Array((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    private static let descriptor = ContentDescriptor(
        mediaType: .ociLayer, digest: BlobHasher.digest(of: blob), size: Int64(blob.count))
    private static let blobLine = "GET /v2/a/b/blobs/\(descriptor.digest)"

    private func registry(
        credentials: RegistryCredentials = .init(), chunkSize: Int64 = 1 << 20,
        _ answers: @escaping @Sendable (ScriptedDaemon.Request, Int, ScriptedDaemon.Channel) -> Void
    ) throws -> (server: ScriptedDaemon, repository: Repository) {
        let script = Script(answers)
        let server = try ScriptedDaemon { script.answer($0, $1) }
        var settings = RegistrySettings()
        settings.retry = RetryPolicy(attempts: 4, first: .milliseconds(1), longest: .milliseconds(4))
        settings.idleTimeout = .seconds(20)
        settings.chunkSize = chunkSize
        let client = RegistryClient(settings, logger: Logger(label: "test"))
        let reference = try ImageReference(parsing: "127.0.0.1:\(server.port)/a/b:t")
        return (server, client.repository(reference, credentials))
    }

    private func read(_ repository: Repository, from offset: Int64 = 0) async throws -> (start: Int64, bytes: [UInt8]) {
        let stream = try await repository.open(Self.descriptor, from: offset)
        var bytes: [UInt8] = []
        for try await chunk in stream.chunks { bytes += chunk }
        return (stream.start, bytes)
    }

    private static func body(_ bytes: some Collection<UInt8>, _ head: String, _ channel: ScriptedDaemon.Channel) {
        channel.send("HTTP/1.1 \(head)\r\nContent-Length: \(bytes.count)\r\n\r\n")
        channel.send(Array(bytes))
    }

    @Test("a range is asked for, and one that ignores it is told by where it begins")
    func ranges() async throws {
        let (server, repository) = try registry { request, times, channel in
            guard request.line == Self.blobLine else { return channel.answer(200, "{}") }
            if times == 0 {
                Self.body(Self.blob[5000...], "206 Partial\r\nContent-Range: bytes 5000-99999/100000", channel)
            } else {
                Self.body(Self.blob, "200 OK", channel)
            }
        }
        let part = try await read(repository, from: 5000)
        #expect(part.start == 5000 && part.bytes == Array(Self.blob[5000...]))
        let whole = try await read(repository, from: 5000)
        #expect(whole.start == 0 && whole.bytes == Self.blob)
        #expect(server.requests.filter { $0.line == Self.blobLine }.allSatisfy { $0.fields["range"] == "bytes=5000-" })
    }

    @Test("429 and 503 are tried again, their bodies are never content; what lasts is told")
    func busy() async throws {
        let (server, repository) = try registry { request, times, channel in
            guard request.line == Self.blobLine else { return channel.answer(200, "{}") }
            switch times {
            case 0: channel.send("HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy")
            case 1: channel.send("HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\ndown")
            default: Self.body(Self.blob, "200 OK", channel)
            }
        }
        #expect(try await read(repository).bytes == Self.blob)
        #expect(server.requests.filter { $0.line == Self.blobLine }.count == 3)
        let (busy, never) = try registry { request, _, channel in
            if request.line == Self.blobLine {
                let complaint = #"{"errors":[{"code":"TOOMANYREQUESTS","message":"come back"}]}"#
                Self.body(Array(complaint.utf8), "429 Slow\r\nRetry-After: 0", channel)
            } else {
                channel.answer(200, "{}")
            }
        }
        await #expect(throws: BlobSourceError.interrupted("toomanyrequests: come back", after: .zero)) {
            try await never.open(Self.descriptor, from: 0)
        }
        #expect(busy.requests.filter { $0.line == Self.blobLine }.count == 4)
    }

    @Test("a connection that breaks in the middle of a body is an interruption, not an end")
    func cut() async throws {
        let (server, repository) = try registry { request, _, channel in
            guard request.line == Self.blobLine else { return channel.answer(200, "{}") }
            channel.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            channel.send(Array(Self.blob[..<3000]))
            channel.close()
        }
        await #expect(throws: BlobSourceError.self) { try await read(repository) }
        #expect(!server.requests.isEmpty)
    }

    @Test("a body without a length ends with the connection")
    func noLength() async throws {
        let (server, repository) = try registry { request, _, channel in
            guard request.line == Self.blobLine else { return channel.answer(200, "{}") }
            channel.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            channel.send(Self.blob)
            channel.close()
        }
        #expect(try await read(repository).bytes == Self.blob)
        #expect(!server.requests.isEmpty)
    }

    @Test("credentials stay with the registry when it sends us elsewhere")
    func redirects() async throws {
        let elsewhere = try ScriptedDaemon { _, channel in Self.body(Self.blob, "200 OK", channel) }
        let port = elsewhere.port
        let (server, repository) = try registry(credentials: .init(username: "ann", password: "secret")) {
            request, _, channel in
            if request.fields["authorization"] == nil {
                return channel.send(
                    "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
            }
            channel.send(
                "HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:\(port)/signed?key=1\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(try await read(repository).bytes == Self.blob)
        #expect(server.requests.last?.fields["authorization"] == "Basic YW5uOnNlY3JldA==")
        #expect(elsewhere.requests.map(\.target) == ["/signed?key=1"])
        #expect(elsewhere.requests.allSatisfy { $0.fields["authorization"] == nil })
    }

    @Test("a token is fetched once for many, and anew when the registry will not have it any more")
    func tokens() async throws {
        let given = Mutex(0)
        let authority = try ScriptedDaemon { _, channel in
            let number = given.withLock { given in
                given += 1
                return given
            }
            channel.answer(200, #"{"token":"t\#(number)","expires_in":300}"#)
        }
        let port = authority.port
        let valid = Mutex("Bearer t1")
        let (server, repository) = try registry(credentials: .init(username: "ann", password: "pw")) {
            request, _, channel in
            guard request.fields["authorization"] == valid.withLock({ $0 }) else {
                return channel.send(
                    "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:\(port)/token\",service=\"reg\"\r\n"
                        + "Content-Length: 0\r\n\r\n")
            }
            Self.body(Self.blob, "200 OK", channel)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let got = try await read(repository)
                    #expect(got.bytes == Self.blob)
                }
            }
            try await group.waitForAll()
        }
        #expect(authority.requests.map(\.target) == ["/token?service=reg&scope=repository%3Aa%2Fb%3Apull&account=ann"])
        #expect(authority.requests.first?.fields["authorization"] == "Basic YW5uOnB3")
        valid.withLock { $0 = "Bearer t2" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let got = try await read(repository)
                    #expect(got.bytes == Self.blob)
                }
            }
            try await group.waitForAll()
        }
        #expect(authority.requests.count == 2)
        #expect(!server.requests.isEmpty)
    }

    @Test("a manifest whose bytes are not those of its digest is refused")
    func wrongManifest() async throws {
        let (server, repository) = try registry { _, _, channel in channel.answer(200, #"{"schemaVersion":2}"#) }
        let digest = BlobHasher.digest(of: [1])
        await #expect(throws: RegistryError.self) { try await repository.manifest(.digest(digest)) }
        #expect(!server.requests.isEmpty)
    }

    @Test("tags come page after page, and a registry without referrers is asked for the tag that stands in")
    func lists() async throws {
        let digest = BlobHasher.digest(of: [1])
        let (server, repository) = try registry { request, _, channel in
            switch request.target {
            case "/v2/a/b/tags/list":
                let page = #"{"tags":["x","y"]}"#
                Self.body(Array(page.utf8), "200 OK\r\nLink: </v2/a/b/tags/list?last=y>; rel=\"next\"", channel)
            case "/v2/a/b/tags/list?last=y": channel.answer(200, #"{"tags":["z"]}"#)
            case "/v2/a/b/manifests/sha256-\(digest.hex)":
                channel.answer(
                    200,
                    #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(digest)","size":1,"artifactType":"a/sig"},{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(digest)","size":2,"artifactType":"a/bom"}]}"#
                )
            default: channel.answer(404)
            }
        }
        #expect(try await repository.referrers(of: digest, artifactType: "a/bom").map(\.size) == [2])
        #expect(!server.requests.isEmpty)
        #expect(try await repository.tags() == ["x", "y", "z"])
    }

    @Test("a list whose pages never end is given up")
    func endless() async throws {
        let (_, repository) = try registry { request, _, channel in
            let page = Int(request.target.split(separator: "=").last ?? "0") ?? 0
            Self.body(
                Array(#"{"tags":["t"]}"#.utf8), "200 OK\r\nLink: </v2/a/b/tags/list?n=\(page + 1)>; rel=\"next\"",
                channel)
        }
        await #expect(throws: RegistryError.self) { try await repository.tags() }
    }

    @Test("a tag, a manifest and a blob are deleted, with the right to; a refusal says why")
    func deletions() async throws {
        let digest = BlobHasher.digest(of: [1])
        let (server, repository) = try registry { request, _, channel in
            switch request.line {
            case "DELETE /v2/a/b/manifests/t", "DELETE /v2/a/b/blobs/\(digest)":
                channel.send("HTTP/1.1 202 Gone\r\nContent-Length: 0\r\n\r\n")
            case "DELETE /v2/a/b/manifests/\(digest)":
                let complaint = #"{"errors":[{"code":"UNSUPPORTED","message":"read-only"}]}"#
                Self.body(Array(complaint.utf8), "405 No", channel)
            default: channel.answer(200, "{}")
            }
        }
        try await repository.delete(.tag("t"))
        try await repository.deleteBlob(digest)
        await #expect(throws: RegistryError.refused(status: 405, "unsupported: read-only")) {
            try await repository.delete(.digest(digest))
        }
        #expect(server.requests.filter { $0.method == "DELETE" }.count == 3)
    }

    @Test("a large blob goes up in chunks, and on from where the registry is after a break")
    func chunks() async throws {
        let got = Mutex<[UInt8]>([])
        let (server, repository) = try registry(chunkSize: 40_000) { request, times, channel in
            switch request.method {
            case "HEAD": channel.send("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
            case "POST": channel.send("HTTP/1.1 202 Go\r\nLocation: /up/1\r\nContent-Length: 0\r\n\r\n")
            case "PATCH":
                // The second chunk is lost on the way.
                if times == 1 { return channel.close() }
                let count = got.withLock { got in
                    got += request.body
                    return got.count
                }
                channel.send(
                    "HTTP/1.1 202 Go\r\nLocation: /up/1\r\nRange: 0-\(count - 1)\r\nContent-Length: 0\r\n\r\n")
            case "GET" where request.target == "/up/1":
                let count = got.withLock { $0.count }
                channel.send(
                    "HTTP/1.1 204 Go\r\nLocation: /up/1\r\nRange: 0-\(count - 1)\r\n\r\n")
            case "PUT": channel.send("HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n")
            default: channel.answer(200, "{}")
            }
        }
        try await withScratchDirectory { folder in
            let file = "\(folder)/blob"
            try WholeFile.replace(file, with: Self.blob)
            #expect(try await repository.push(Self.descriptor, file: file) == .uploaded)
        }
        #expect(got.withLock { $0 } == Self.blob)
        let patches = server.requests.filter { $0.method == "PATCH" }.map { $0.fields["content-range"] ?? "" }
        #expect(patches == ["0-39999", "40000-79999", "40000-79999", "80000-99999"])
        #expect(
            server.requests.last?.target == "/up/1?digest=\(WebAddress.escaped(Self.descriptor.digest.description))")
    }
}
