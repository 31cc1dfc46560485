import Patterns
import TestSupport
import Testing

@Suite("patterns of names and paths")
struct PatternTests {
    @Test(
        "a name's pattern fits as in Go's filepath.Match",
        arguments: [
            ("abc", "abc", true), ("*", "abc", true), ("*c", "abc", true), ("a*", "a", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b", "ac", false), ("ab[c]", "abc", true), ("ab[b-d]", "abc", true), ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false), ("ab[^e-g]", "abc", true), ("a\\*b", "a*b", true), ("a\\*b", "ab", false),
            ("a?b", "a☺b", true), ("a[^a]b", "a☺b", true), ("[\\]a]", "]", true), ("[\\-x]", "-", true),
            ("[x\\-]", "z", false), ("*x", "xxx", true), ("", "", true), ("?", "", false),
        ])
    func names(pattern: String, name: String, fits: Bool) throws {
        #expect(try NamePattern(pattern).matches(name) == fits, "\(pattern) and \(name)")
    }

    @Test("what is no pattern is refused", arguments: ["[", "[]a]", "[a", "[^", "[^bc", "a[", "[-]", "[x-]", "a\\"])
    func malformed(pattern: String) {
        #expect(throws: PatternError.malformed(pattern)) { try NamePattern(pattern) }
    }

    @Test(
        "two stars stand for any depth",
        arguments: [
            ("**/foo", "foo", true), ("**/foo", "a/b/foo", true), ("a/**", "a/b/c", true), ("a/**", "a", false),
            ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true), ("a/**/b", "a/x/y/c", false), ("/a//b/", "a/b", true),
            ("a/../b", "b", true), ("*/b", "a/b", true), ("*/b", "a/c/b", false),
        ])
    func paths(pattern: String, path: String, fits: Bool) throws {
        #expect(try PathPattern(pattern).matches(path.split(separator: "/")) == fits)
    }

    @Test(
        "a .dockerignore leaves out what docker's would",
        arguments: [
            ("", "a", false), ("a", "a", true), ("a", "a/b/c", true), ("a", "b/a", false), ("**/a", "b/a", true),
            ("*.md\n!README.md", "README.md", false), ("*.md\n!README.md", "x.md", true),
            ("!README.md\n*.md", "README.md", true), ("# a", "# a", false), ("  a  ", "a", true),
            ("*\n!src", "src/main.c", false), ("*\n!src\nsrc/*.o", "src/x.o", true), ("/a", "a", true),
            ("node_modules/", "node_modules/x", true), ("*/temp*", "dir/temporary.txt", true),
            ("*/temp*", "dir/sub/temporary.txt", false), ("temp?", "tempa", true), ("\u{FEFF}a", "a", true),
            ("a\r\nb", "b", true), ("!", "a", false),
        ])
    func ignoring(list: String, path: String, isExcluded: Bool) throws {
        guard list != "!" else {
            #expect(throws: PatternError.malformed("!")) { try IgnorePatterns(parsing: list) }
            return
        }
        #expect(try IgnorePatterns(parsing: list).excludes(path) == isExcluded)
    }

    @Test("no text makes it stumble, and stars alone fit everything")
    func seeded() {
        let alphabet = Array("ab*?[]-^\\!/#. \n")
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            let text = String(
                (0..<Int.random(in: 0..<20, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
            if let list = try? IgnorePatterns(parsing: text) {
                let first = list.excludes("a/b")
                #expect(list.excludes("a/b/") == first, "seed \(seed)")
            }
            if let pattern = try? NamePattern(text), !pattern.isWild {
                #expect(pattern.matches(text.replacing("\\", with: "")) || text.contains("\\"), "seed \(seed)")
            }
            #expect((try? NamePattern("*"))?.matches(text) == true)
        }
    }
}
