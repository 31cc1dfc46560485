import ImageBuild
import TestSupport
import Testing

@Suite("what ADD fetches")
struct RemoteSourceTests {
    private func git(_ text: String) throws -> GitAddress? {
        guard case .repository(let address)? = try RemoteSource(text) else { return nil }
        return address
    }

    @Test(
        "a URL is a file of the web, unless it ends like a repository",
        arguments: ["http://h/a.tar.gz", "https://h:1/x?y=.git", "HTTPS://h/", "https://h/a.gitx"])
    func files(text: String) throws {
        #expect(try RemoteSource(text) == .file(text))
    }

    @Test(
        "what looks like a path is one",
        arguments: ["a.git", "git", "./http:", "http:/x", "git@x", "a/http://b", "x#y:z"])
    func paths(text: String) throws {
        #expect(try RemoteSource(text) == nil)
    }

    @Test("a repository has a state and a folder behind its address")
    func repositories() throws {
        for url in ["https://h/a.git", "git://h/a", "git@h:a/b.git", "ssh://git@h/a"] {
            #expect(try git(url)?.url == url && git(url)?.reference == nil && git(url)?.folder == nil)
            #expect(try git(url + "#v1")?.reference == "v1")
            #expect(try git(url + "#v1:a/b") == git(url + "#v1:a/b"))
            #expect(try git(url + "#v1:a/b")?.folder == "a/b")
            #expect(try git(url + "#:a")?.reference == nil && git(url + "#:a")?.folder == "a")
            #expect(try git(url + "#")?.url == url)
        }
    }

    @Test(
        "a state that git would take for an option, a range or a pattern is refused",
        arguments: [
            "-upload-pack=x", "--x", "a..b", "a b", "a~1", "a^", "*", "a\\b",
        ])
    func hostile(reference: String) throws {
        #expect(throws: DockerfileError.self) { try RemoteSource("https://h/a.git#\(reference)") }
    }

    @Test("no text makes it stumble")
    func seeded() {
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            let signs = Array("htps:/@.git#:-~ a\u{0}é")
            let text = String(
                (0..<Int.random(in: 0...24, using: &random)).map { _ in signs.randomElement(using: &random) ?? "x" })
            for begin in ["", "https://", "git@", "git://"] {
                let found = try? RemoteSource(begin + text)
                if case .repository(let address)?? = Optional(found) {
                    #expect(address.reference?.hasPrefix("-") != true, "seed \(seed)")
                }
            }
        }
    }

    @Test("a secret is called like its file or its file like it; as a variable it has no file unless asked")
    func secrets() throws {
        func mount(_ text: String) throws -> RunMount? {
            let file = try Dockerfile(parsing: "FROM x\nRUN --mount=\(text) true\n")
            guard case .run(let run)? = file.stages.first?.steps.first?.instruction else { return nil }
            return run.mounts.first
        }
        #expect(try mount("type=secret,id=a")?.target == "/run/secrets/a")
        #expect(try mount("type=secret,target=/root/.npmrc")?.id == ".npmrc")
        #expect(try mount("type=secret,id=a,env=A")?.target == "")
        #expect(try mount("type=secret,id=a,env=A,target=/f")?.target == "/f")
        #expect(try mount("type=secret,id=a")?.mode == 0o400 && mount("type=secret,id=a")?.isReadOnly == true)
        #expect(try mount("type=secret,id=a,required,mode=0440,uid=5")?.isRequired == true)
        for text in [
            "type=secret", "type=ssh", "type=secret,id=a,from=x", "type=secret,id=a,sharing=locked",
            "type=cache,target=/x,env=A",
        ] {
            #expect(throws: DockerfileError.self, "\(text)") { try mount(text) }
        }
    }
}
