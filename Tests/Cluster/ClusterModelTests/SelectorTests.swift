import ClusterModel
import JSON
import TestSupport
import Testing

@Suite("Selectors")
struct SelectorTests {
    private let labels: JSONObject = ["app": "web", "tier": "front", "size": "7"]

    @Test(
        "a label selector chooses as Kubernetes says",
        arguments: [
            ("app=web", true), ("app==web", true), ("app!=web", false), ("app!=db,tier=front", true),
            ("app in (web, db)", true), ("app notin (web)", false), ("zone notin (a)", true), ("tier", true),
            ("!tier", false), ("!zone", true), ("size>6", true), ("size<7", false), ("size>x7", false), ("", true),
            ("app=", false),
        ])
    func labels(text: String, expected: Bool) throws {
        guard text != "size>x7" else {
            #expect(throws: APIError.self) { try LabelQuery(parsing: text) }
            return
        }
        #expect(try LabelQuery(parsing: text).matches(labels) == expected, "\(text)")
    }

    @Test("what cannot be read is refused", arguments: ["a b", "a in web", "=x", "a=b c", "a/b/c", "a in (x", "a~b"])
    func refused(text: String) {
        #expect(throws: APIError.self) { try LabelQuery(parsing: text) }
    }

    @Test("no text makes the parser stop the process", arguments: UInt64(0)..<1000)
    func random(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let alphabet = Array("ab=!,()in ot<>/-_.7\u{e9}")
        let text = String(
            (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
                alphabet[Int.random(in: alphabet.indices, using: &generator)]
            })
        _ = try? LabelQuery(parsing: text).matches(labels)
        _ = try? FieldQuery(parsing: text, for: Catalog.pod).matches(.object(labels))
    }

    @Test("a field selector names fields that the kind has")
    func fields() throws {
        let pod: JSONValue = ["metadata": ["name": "a"], "spec": ["nodeName": "n1"], "status": ["phase": "Running"]]
        #expect(try FieldQuery(parsing: "spec.nodeName=n1,status.phase!=Failed", for: Catalog.pod).matches(pod))
        #expect(try !FieldQuery(parsing: "spec.nodeName=", for: Catalog.pod).matches(pod))
        #expect(try FieldQuery(parsing: "metadata.name==a", for: Catalog.pod).required("metadata.name") == "a")
        #expect(throws: APIError.badRequest("field label not supported: spec.foo")) {
            try FieldQuery(parsing: "spec.foo=1", for: Catalog.pod)
        }
    }
}
