import ImageBuild
import TestSupport
import Testing

@Suite("replacing variables")
struct ExpanderTests {
    private let values = [
        "HOME": "/home/me", "EMPTY": "", "FILE": "archive.tar.gz", "TWO": "x y", "abc": "foobarbaz",
        "path": "/a/b/c.txt",
    ]

    private func expander(_ escape: Character = "\\") -> Expander {
        let values = values
        return Expander(escape: escape) { values[$0] }
    }

    @Test(
        "as the Dockerfile reference has it",
        arguments: [
            ("$HOME", "/home/me"), ("${HOME}x", "/home/mex"), ("$HOMEx", ""), ("a$", "a$"), ("\\$HOME", "$HOME"),
            ("'$HOME'", "$HOME"), ("\"$HOME\"", "/home/me"), ("\"\\$HOME\"", "$HOME"), ("a\\ b", "a b"),
            ("\"a b\"", "a b"),
            ("${NONE:-word}", "word"), ("${EMPTY:-word}", "word"), ("${EMPTY-word}", ""), ("${NONE-word}", "word"),
            ("${HOME:+word}", "word"), ("${EMPTY:+word}", ""), ("${EMPTY+word}", "word"), ("${NONE+word}", ""),
            ("${NONE:-${HOME}}", "/home/me"), ("${NONE:-a$HOME}", "a/home/me"), ("${NONE:-}", ""),
            ("${FILE%.*}", "archive.tar"), ("${FILE%%.*}", "archive"), ("${FILE#*.}", "tar.gz"), ("${FILE##*.}", "gz"),
            ("${path##*/}", "c.txt"), ("${path%/*}", "/a/b"), ("${abc#f?o}", "barbaz"), ("${abc#nope}", "foobarbaz"),
            ("${abc/ba/XX}", "fooXXrbaz"), ("${abc//ba/XX}", "fooXXrXXz"), ("${abc//ba}", "bad"),
            ("\"'\"", "'"), ("'\"'", "\""), ("x\\", "x"), ("$1", ""), ("a'b'\"c\"", "abc"), ("\"a\\nb\"", "a\\nb"),
        ])
    func words(text: String, expected: String) throws {
        guard expected != "bad" else {
            #expect(throws: DockerfileError.self) { try expander().word(text) }
            return
        }
        #expect(try expander().word(text) == expected, "\(text)")
    }

    @Test("many words: an unquoted variable is cut at its blanks")
    func split() throws {
        #expect(try expander().words("80 $TWO \"$TWO\" ''") == ["80", "x", "y", "x y", ""])
    }

    @Test("here-documents keep their quotes")
    func documents() throws {
        #expect(try expander().document("\"$HOME\" '$HOME' \\$HOME \\n\n") == "\"/home/me\" '/home/me' $HOME \\n\n")
    }

    @Test("another escape")
    func backtick() throws {
        #expect(try expander("`").word("c:\\x`$HOME") == "c:\\x$HOME")
    }

    @Test(
        "what does not end, or must be set, is an error",
        arguments: ["${", "${HOME", "${}", "'a", "\"a", "${NONE:?gone}", "${a!b}", "${HOME:=x}"])
    func broken(text: String) {
        #expect(throws: DockerfileError.self) { try expander().word(text) }
    }

    @Test("variables that hold one another several times do not grow beyond all measure")
    func growth() throws {
        var value = "0123456789"
        #expect(throws: DockerfileError.self) {
            for _ in 0..<40 {
                let before = value
                value = try Expander { _ in before }.word("$A$A\"$A$A\"")
            }
        }
        #expect(value.utf8.count <= Expander.longestWord && value.utf8.count > 1000)
        let long = value
        for text in ["${A#${A}${A}${A}${A}x}", "${A//?/$A}", "${A%%*x}"] {
            #expect(throws: DockerfileError.self, "\(text)") { try Expander { _ in long }.word(text) }
        }
    }

    @Test("braces within braces have an end, and long patterns take no stack")
    func depth() throws {
        func nested(_ count: Int) -> String {
            String(repeating: "${NO:-", count: count) + "x" + String(repeating: "}", count: count)
        }
        #expect(try Expander { _ in nil }.word(nested(Expander.deepest)) == "x")
        for count in [Expander.deepest + 1, 200_000] {
            #expect(throws: DockerfileError.self) { try Expander { _ in nil }.word(nested(count)) }
        }
        let literal = String(repeating: "a", count: 200_000)
        #expect(try Expander { _ in "b" }.word("${A#\(literal)}") == "b")
    }

    @Test("many stars are matched in reasonable time", .timeLimit(.minutes(1)))
    func stars() throws {
        let value = String(repeating: "a", count: 300)
        let pattern = String(repeating: "*a", count: 40) + "b"
        #expect(try Expander { _ in value }.word("${A##\(pattern)}") == value)
        #expect(
            try Expander { _ in "abcabc" }.word("${A#*b}-${A##*b}-${A%b*}-${A%%b*}-${A/b?/X}-${A//?b/Y}")
                == "cabc-c-abca-a-aXabc-YcYc")
    }

    @Test("no text makes it stumble, and text without signs stays as it is")
    func seeded() {
        let alphabet = Array("aH$ {}'\"\\:-+?#%/*OME")
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            let text = String(
                (0..<Int.random(in: 0..<24, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
            _ = try? expander().word(text)
            _ = try? expander().document(text)
            let words = try? expander().words(text)
            if !text.contains(where: { "$'\"\\".contains($0) }) {
                #expect((try? expander().word(text)) == text, "seed \(seed)")
                #expect(words == text.split(separator: " ").map(String.init), "seed \(seed)")
            }
        }
    }
}
