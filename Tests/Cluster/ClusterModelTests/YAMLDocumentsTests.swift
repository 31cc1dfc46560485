internal import ClusterModel
internal import JSON
internal import TestSupport
internal import Testing

@Suite("YAML as JSON")
struct YAMLDocumentsTests {
    @Test(
        "plain words mean what Kubernetes reads in them",
        arguments: [
            ("2", JSONValue.integer(2)), ("'2'", "2"), ("\"yes\"", "yes"), ("yes", true), ("Off", false), ("~", nil),
            ("1.5", 1.5), ("1e3", 1000.0), ("0644", 420), ("0x1F", 31), ("80:80", "80:80"), ("10m", "10m"),
            ("-7", -7), ("--", "--"), ("1.2.3", "1.2.3"), ("!!str 5", "5"), ("18446744073709551615", .unsigned(.max)),
        ])
    func scalars(text: String, value: JSONValue) throws {
        let read = try YAMLDocuments.read("a: \(text)\n", name: "f")
        #expect(read == [["a": value]])
    }

    @Test("several documents, empty ones left out; merge keys and aliases are followed")
    func documents() throws {
        let read = try YAMLDocuments.read("---\n---\na: &x {k: 1}\nb: {<<: *x, l: 2}\n---\n[1]\n", name: "f")
        #expect(read == [["a": ["k": 1], "b": ["k": 1, "l": 2]], [1]])
    }

    @Test("aliases that multiply are refused before they fill the memory")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let name = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: name, count: 10).joined(separator: ", "))]\n"
        }
        #expect(throws: ManifestError("f", "it stands for more than \(YAMLDocuments.largest) values")) {
            try YAMLDocuments.read(text, name: "f")
        }
    }

    @Test("garbage is refused or read, never a crash", arguments: UInt64(0)..<1000)
    func garbage(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array("ab:-[]{}&*!|>'\"#%@,? \n\t0.9~<")
        let length = Int.random(in: 1...60, using: &random)
        let text = String((0..<length).map { _ in alphabet.randomElement(using: &random) ?? "a" })
        do throws(ManifestError) {
            for value in try YAMLDocuments.read(text, name: "f") { #expect(!value.isNull, "seed \(seed)") }
        } catch {
            #expect(error.path == "f", "seed \(seed)")
        }
    }
}
