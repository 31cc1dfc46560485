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

    /// What two stars mean, said as simply as can be.
    private func fits(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        guard first == "**" else { return path.first == first && fits(pattern.dropFirst(), path.dropFirst()) }
        if pattern.count == 1 { return !path.isEmpty }
        return (0...path.count).contains { fits(pattern.dropFirst(), path.dropFirst($0)) }
    }

    @Test("any two stars fit what they mean, and many of them in no time", .timeLimit(.minutes(1)))
    func depths() throws {
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            func names(_ most: Int, _ choices: [String]) -> [String] {
                (0..<Int.random(in: 0...most, using: &random)).map { _ in choices.randomElement(using: &random) ?? "" }
            }
            var pattern: [String] = []
            for name in names(6, ["a", "b", "**"]) where name != "**" || pattern.last != "**" { pattern.append(name) }
            let path = names(6, ["a", "b"])
            let found = try PathPattern(pattern.joined(separator: "/")).matches(path.map { Substring($0) })
            #expect(found == fits(pattern[...], path[...]), "seed \(seed): \(pattern) and \(path)")
        }
        let many = String(repeating: "**/a/", count: 30) + "b"
        #expect(try !PathPattern(many).matches([Substring](repeating: "a", count: 200)))
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
