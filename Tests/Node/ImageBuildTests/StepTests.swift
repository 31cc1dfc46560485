import ImageSpec
import Testing

@testable import ImageBuild

@Suite("what steps do to a configuration and a command line")
struct StepTests {
    @Test("ports have a transport, ranges become ports, and nonsense is refused")
    func ports() throws {
        var config = ImageConfig.Execution()
        try ConfigEdit.expose(["80", "53/UDP", "8000-8002/tcp"], in: &config)
        #expect(config.exposedPorts == ["80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"])
        for text in ["", "x", "70000", "5-4", "80/ip", "1-2-3"] {
            #expect(throws: DockerfileError.self) { try ConfigEdit.expose([text], in: &config) }
        }
    }

    @Test("paths are seen from the working directory and stay inside the root")
    func paths() {
        #expect(ConfigEdit.resolve("a/../b", from: "/w") == "/w/b")
        #expect(ConfigEdit.resolve("../../..", from: "/w") == "/")
        #expect(ConfigEdit.resolve("/x/./y/", from: "/w") == "/x/y")
        #expect(ConfigEdit.resolve("x", from: nil) == "/x")
    }

    @Test("a variable that is set again keeps its place")
    func variables() {
        var env: [String]? = ["A=1", "B=2"]
        ConfigEdit.setVariable("A", "3=4", in: &env)
        ConfigEdit.setVariable("C", "", in: &env)
        #expect(env == ["A=3=4", "B=2", "C="])
    }

    @Test("a here-document is a script, a file that is run, or the shell's own")
    func scripts() {
        func script(_ text: String, _ content: String) -> CommandScript {
            var run = RunInstruction(.shell(text))
            var heredoc = Heredoc(word: "<<E") ?? Heredoc(name: "E", content: "")
            heredoc.content = content
            run.heredocs = [heredoc]
            return CommandScript(run, shell: ["sh", "-c"])
        }
        #expect(script("<<E", "a\nb\n").words == ["sh", "-c", "a\nb\n"])
        #expect(script("cat <<E", "a\n").words == ["sh", "-c", "cat <<E\na\nE"])
        let file = script("<<E", "#!/usr/bin/python\n")
        #expect(file.words == ["/dev/pipes/E"])
        #expect(file.file == "#!/usr/bin/python\n")
        #expect(CommandScript(RunInstruction(.exec(["a", "b"])), shell: ["sh", "-c"]).words == ["a", "b"])
    }

    @Test("output is cut between characters, however it arrives")
    func characters() {
        let text = Array("aé☺𝄞z".utf8)
        for end in 0...text.count {
            let cut = StageRun.wholeCharacters(Array(text[..<end]))
            #expect(String(validating: text[..<cut], as: UTF8.self) != nil && end - cut < 4, "\(end)")
        }
        #expect(StageRun.wholeCharacters(text) == text.count)
    }

    @Test(
        "a destination says whether it is a directory",
        arguments: [("/a/", true), (".", true), ("..", true), ("a/.", true), ("/a", false), ("a.", false)])
    func destinations(text: String, isDirectory: Bool) {
        #expect(CopySelection.isDirectory(text) == isDirectory)
    }

    @Test("a key depends on each part, and on where one ends")
    func keys() {
        func key(_ parts: [(String, String)]) -> Digest {
            var key = CacheKey("RUN", on: nil, epoch: nil)
            for (name, value) in parts { key.add(name, value) }
            return key.digest
        }
        #expect(key([("a", "b")]) == key([("a", "b")]))
        #expect(key([("a", "bc")]) != key([("ab", "c")]))
        #expect(key([("a", "b"), ("c", "d")]) != key([("a", "bcd")]))
        #expect(CacheKey("RUN", on: nil, epoch: 1).digest != CacheKey("RUN", on: nil, epoch: nil).digest)
        #expect(CacheKey("RUN", on: nil, epoch: nil).digest != CacheKey("COPY", on: nil, epoch: nil).digest)
    }
}
