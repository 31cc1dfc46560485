internal import ImageSpec
internal import JSON
internal import TestSupport
internal import Testing

private let hex = String(repeating: "0123456789abcdef", count: 4)

@Suite("A reference")
struct ImageReferenceTests {
    @Test(
        "is completed as Docker does, and shown as people write it",
        arguments: [
            ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
            ("library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
            ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
            ("index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
            ("index.docker.io/u/app", "docker.io/u/app:latest", "u/app:latest"),
            ("docker.io/library/busybox:x", "docker.io/library/busybox:x", "busybox:x"),
            ("docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
            ("user/app", "docker.io/user/app:latest", "user/app:latest"),
            ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"),
            ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
            ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"),
            ("Registry/app", "Registry/app:latest", "Registry/app:latest"),
            ("192.168.0.1:80/app:t", "192.168.0.1:80/app:t", "192.168.0.1:80/app:t"),
            ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo:latest", "[2001:db8::1]:5000/repo:latest"),
            ("[2001:db8::1]/repo", "[2001:db8::1]/repo:latest", "[2001:db8::1]/repo:latest"),
            ("a.b-c.d/x", "a.b-c.d/x:latest", "a.b-c.d/x:latest"),
            ("xn--n3h.com/myimage:xn--n3h", "xn--n3h.com/myimage:xn--n3h", "xn--n3h.com/myimage:xn--n3h"),
            ("aa/asdf$$^/aa", "", ""),
            ("foo/bar__baz--q.r_s", "docker.io/foo/bar__baz--q.r_s:latest", "foo/bar__baz--q.r_s:latest"),
            ("app:_T.a-9", "docker.io/library/app:_T.a-9", "app:_T.a-9"),
            ("app@sha256:" + hex, "docker.io/library/app@sha256:" + hex, "app@sha256:" + hex),
            ("x.io/app:t@sha256:" + hex, "x.io/app:t@sha256:" + hex, "x.io/app:t@sha256:" + hex),
            (String(hex.dropLast()), "docker.io/library/\(hex.dropLast()):latest", "\(hex.dropLast()):latest"),
            ("u/" + hex, "docker.io/u/\(hex):latest", "u/\(hex):latest"),
        ])
    func normalised(text: String, canonical: String, familiar: String) throws {
        guard !canonical.isEmpty else {
            #expect(throws: ImageSpecError.self) { try ImageReference(parsing: text) }
            return
        }
        let reference = try ImageReference(parsing: text)
        #expect(reference.canonical == canonical)
        #expect(reference.familiar == familiar)
        #expect(try ImageReference(parsing: reference.canonical) == reference)
        #expect(try ImageReference(parsing: reference.familiar) == reference)
    }

    @Test(
        "is refused when it breaks the grammar",
        arguments: [
            "", ":justtag", "@sha256:" + hex, "repo@sha256:ffff", "repo@sha256:\(hex.uppercased())", "repo@md5:" + hex,
            "repo@" + hex, "repo:",
            "repo@", "Uppercase:tag", "docker.io/Upper", "test:5000/Uppercase/repo", "lowercase:Upper/repo", "a//b",
            "/a", "a/", "a/./b", "a/../b", "..",
            "../../etc/passwd", "a..b", "a___b", "_a", "a_", "-a", "a-", ".a", "a.", "a._b", "a b", "a\nb", "a:t\n",
            " a", "a ", "a:.t", "a:-t", "a:t/x", "a:t:u",
            "a@sha256:\(hex)@sha256:\(hex)", "-foo/bar", "-foo.com/bar", "foo-.com/bar", "foo..com/bar", ".com/bar",
            "foo.com:/bar", "foo.com:x/bar",
            "foo.com:80:80/bar", "[fe80::1%eth0]/r", "[2001:db8::1/r", "2001:db8::1]/r", "[]/r", "[::1]x/r", "a.b_c/x",
            "ä/b", "ａ", "a\u{301}", "a:\u{301}t", "a\0b",
            "repo:" + String(repeating: "t", count: 129), hex, "x.io/" + String(repeating: "a", count: 256),
            "http://a/b", "a?b", "a%2fb", "$(id)", "a;b",
        ])
    func refused(text: String) {
        #expect(throws: ImageSpecError.self) { try ImageReference(parsing: text) }
    }

    @Test("may be as long as the grammar lets it")
    func longest() throws {
        let path = String(repeating: "a", count: 255)
        #expect(try ImageReference(parsing: "x.io/" + path).path == path)
        #expect(try ImageReference(parsing: "a:" + String(repeating: "t", count: 128)).tag?.count == 128)
    }

    @Test("names what is wrong with it")
    func messages() {
        let upper = #expect(throws: ImageSpecError.self) { try ImageReference(parsing: "Bad") }
        #expect(upper?.description == #"invalid reference format: "Bad": repository name must be lowercase"#)
        let control = #expect(throws: ImageSpecError.self) { try ImageReference(parsing: "a\u{1B}[31m") }
        #expect(control?.description.unicodeScalars.contains { $0.value < 0x20 } == false)
        let long = #expect(throws: ImageSpecError.self) {
            try ImageReference(parsing: String(repeating: "A", count: 100_000))
        }
        #expect((long?.description.utf8.count ?? 0) < 400)
    }

    @Test("gives other references to the same repository")
    func variations() throws {
        let reference = try ImageReference(parsing: "app:1")
        let digest = try Digest(hex: hex)
        #expect(try reference.tagged("2").familiar == "app:2")
        #expect(reference.at(digest).familiar == "app@sha256:" + hex)
        #expect(try reference.at(digest).tagged("3").familiar == "app:3")
        #expect(throws: ImageSpecError.self) { try reference.tagged("a b") }
        #expect(try ImageReference(parsing: "app", defaultTag: nil).familiar == "app")
        #expect(reference.name == "docker.io/library/app")
        #expect(reference.familiarName == "app")
    }

    @Test("reads back what it wrote, and never fails in another way", arguments: UInt64(0)..<1000)
    func anything(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let parts = [
            "a", "B", "0", "-", "_", ".", "/", ":", "@", "sha256:", hex, "localhost", "docker.io/", "[", "]", "é", " ",
            "latest", "library/",
        ]
        let text = (0..<Int.random(in: 1...9, using: &random)).map { _ in
            parts[Int.random(in: 0..<parts.count, using: &random)]
        }.joined()
        guard let reference = try? ImageReference(parsing: text) else { return }
        #expect(try ImageReference(parsing: reference.canonical) == reference, "seed \(seed): \(text)")
        #expect(try ImageReference(parsing: reference.familiar) == reference, "seed \(seed): \(text)")
    }
}

@Suite("A digest")
struct DigestTests {
    @Test("is an algorithm and its digits")
    func parsed() throws {
        let digest = try Digest(parsing: "sha256:" + hex)
        #expect(digest.algorithm == .sha256)
        #expect(digest.description == "sha256:" + hex)
        #expect(digest.short == "0123456789ab")
        #expect(try Digest(parsing: "sha512:" + hex + hex).algorithm == .sha512)
        #expect(Digest(hash: Array(repeating: 0xAF as UInt8, count: 32)).hex == String(repeating: "af", count: 32))
    }

    @Test(
        "is refused when it is anything else",
        arguments: [
            "", "sha256", "sha256:", ":\(hex)", hex, "sha256:\(hex)0", "sha256:\(hex.dropLast())",
            "sha256:\(hex.uppercased())",
            "sha512:\(hex)", "SHA256:\(hex)", "md5:\(hex)", "sha256:\(hex.dropLast())g",
            "sha256:../\(hex.dropLast(3))", " sha256:\(hex)",
            "sha256:\(hex.dropLast())é", "sha256::\(hex)",
        ])
    func refused(text: String) {
        #expect(throws: ImageSpecError.self) { try Digest(parsing: text) }
    }

    @Test("is refused in a document by its path")
    func inDocument() {
        let error = #expect(throws: JSONError.self) { try JSONField(["d": "x"])["d"].read(Digest.self) }
        #expect(error?.description == #"d: invalid digest "x": no algorithm before a colon"#)
    }

    @Test("of a stack of layers names all that are below")
    func chainIDs() throws {
        let layers = try ["1", "2", "3"].map { try Digest(hex: String(repeating: $0, count: 64)) }
        var hashed: [String] = []
        let chain = Digest.chainIDs(of: layers) { bytes in
            hashed.append(String(decoding: bytes, as: UTF8.self))
            return Array(repeating: UInt8(hashed.count), count: 32)
        }
        #expect(chain[0] == layers[0])
        #expect(hashed == ["\(layers[0]) \(layers[1])", "\(chain[1]) \(layers[2])"])
        #expect(chain[2].hex == String(repeating: "02", count: 32))
        #expect(Digest.chainIDs(of: []) { _ in [] } == [])
    }
}
