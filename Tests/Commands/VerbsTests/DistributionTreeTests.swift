import JSON
import Testing

@testable import Verbs

@Suite("the picture of how an image travelled")
struct DistributionTreeTests {
    private func node(_ number: String, _ name: String, _ began: Int, _ ended: Int?, from: [(String, Int)]) -> JSONValue
    {
        var json: JSONValue = [
            "node": .string(number), "name": .string(name), "began": .integer(Int64(began)),
            "sources": .array(
                from.map { source, bytes in
                    [
                        "from": .string(source), "bytes": .integer(Int64(bytes)), "first": .integer(Int64(began + 10)),
                        "last": .integer(Int64(began + 20)),
                    ]
                }),
        ]
        json["ended"] = ended.map { .integer(Int64($0)) }
        return json
    }

    @Test("has a row for each node, and a line from each giver; names cannot break it")
    func rows() {
        let layer: JSONValue = [
            "layer": "sha256:0123456789abcdef", "size": 100,
            "pool": [
                "nodes": [
                    node("a1", "first", 0, 1000, from: [("registry", 100)]),
                    node("b2", "<second & \"last\">", 100, nil, from: [("a1", 60), ("registry", 40), ("zz", 5)]),
                ]
            ],
        ]
        let svg = DistributionTree(["layers": [layer, ["layer": "sha256:00"]]], title: "a<b").svg
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>"))
        #expect(svg.contains(">a&lt;b</text>") && svg.contains("layer 0123456789ab, 100B"))
        #expect(svg.contains(">first</text>") && svg.contains("&lt;second &amp; &quot;l"))
        #expect(svg.components(of: "<circle") == 3, "a giver without a row is left out: \(svg)")
        #expect(svg.components(of: "stroke=\"#c0392b\"") == 2 && svg.components(of: "#f0c36d") == 1)
        #expect(svg.contains(">1.00 s</text>"))
        #expect(DistributionTree(["layers": []], title: "").svg.contains("</svg>"))
        #expect(DistributionTree.names(in: layer) == ["a1": "first", "b2": "<second & \"last\">"])
    }
}

extension String {
    /// How often `part` stands in it.
    fileprivate func components(of part: String) -> Int {
        split(separator: part, omittingEmptySubsequences: false).count - 1
    }
}
