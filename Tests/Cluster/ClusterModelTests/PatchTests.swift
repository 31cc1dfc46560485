import ClusterModel
import JSON
import TestSupport
import Testing

@Suite("Patches")
struct PatchTests {
    @Test(
        "a merge patch takes out what is null and replaces lists",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func merge(target: String, patch: String, result: String) throws {
        let merged = MergePatch.apply(try JSONValue(parsing: patch), to: try JSONValue(parsing: target))
        #expect(try merged == JSONValue(parsing: result))
    }

    @Test(
        "a JSON patch does its operations in order",
        arguments: [
            (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
            (#"{"foo":["a","c"]}"#, #"[{"op":"add","path":"/foo/1","value":"b"}]"#, #"{"foo":["a","b","c"]}"#),
            (#"{"foo":["a"]}"#, #"[{"op":"add","path":"/foo/-","value":"b"}]"#, #"{"foo":["a","b"]}"#),
            (#"{"a":{"b":1},"c":{}}"#, #"[{"op":"move","from":"/a/b","path":"/c/d"}]"#, #"{"a":{},"c":{"d":1}}"#),
            (
                #"{"a/b":1,"m~n":2}"#, #"[{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/m~0n","value":3}]"#,
                #"{"m~n":3}"#
            ),
            (
                #"{"a":[1,2]}"#, #"[{"op":"copy","from":"/a","path":"/b"},{"op":"test","path":"/b/1","value":2}]"#,
                #"{"a":[1,2],"b":[1,2]}"#
            ),
        ])
    func json(target: String, patch: String, result: String) throws {
        let patched = try JSONPatch(JSONValue(parsing: patch)).apply(to: JSONValue(parsing: target))
        #expect(try patched == JSONValue(parsing: result))
    }

    @Test(
        "a JSON patch that does not apply is refused",
        arguments: [
            #"[{"op":"remove","path":"/x"}]"#, #"[{"op":"replace","path":"/x","value":1}]"#,
            #"[{"op":"test","path":"/a","value":2}]"#,
            #"[{"op":"add","path":"/l/9","value":1}]"#, #"[{"op":"add","path":"/l/01","value":1}]"#,
            #"[{"op":"add","path":"a","value":1}]"#,
            #"[{"op":"move","from":"/o","path":"/o/p"}]"#, #"[{"op":"nope","path":"/a"}]"#, #"{"op":"add"}"#,
            #"[{"op":"add","path":"/a/b/c","value":1}]"#,
        ])
    func refused(patch: String) {
        let target: JSONValue = ["a": 1, "l": [1], "o": [:]]
        #expect(throws: APIError.self) { try JSONPatch(JSONValue(parsing: patch)).apply(to: target) }
    }

    private let pod: JSONValue = [
        "metadata": ["finalizers": ["a", "b"]],
        "spec": [
            "containers": [
                ["name": "x", "image": "1", "env": [["name": "A", "value": "1"]]], ["name": "y", "image": "2"],
            ],
            "tolerations": [["key": "k"]], "volumes": [["name": "v", "emptyDir": ["medium": "Memory"]]],
        ],
    ]

    private func strategic(_ patch: JSONValue) throws -> JSONValue {
        try StrategicMergePatch().apply(patch, to: pod, as: "Pod")
    }

    @Test("elements are told apart by their key; lists without one are replaced")
    func keyed() throws {
        let patched = try strategic([
            "spec": [
                "containers": [["name": "y", "image": "3"], ["name": "x", "env": [["name": "B", "value": "2"]]]],
                "tolerations": [["key": "z"]],
            ],
            "metadata": ["finalizers": ["b", "c"]],
        ])
        let containers = patched["spec"]?["containers"]
        #expect(containers?[0]?["image"] == "1" && containers?[1]?["image"] == "3")
        #expect(containers?[0]?["env"]?.arrayValue?.count == 2)
        #expect(patched["spec"]?["tolerations"] == [["key": "z"]])
        #expect(patched["metadata"]?["finalizers"] == ["a", "b", "c"])
    }

    @Test("directives delete, replace, reorder and retain")
    func directives() throws {
        let deleted = try strategic(["spec": ["containers": [["name": "x", "$patch": "delete"]]]])
        #expect(deleted["spec"]?["containers"]?.arrayValue?.count == 1)
        let replaced = try strategic(["spec": ["containers": [["name": "z"], ["$patch": "replace"]]]])
        #expect(replaced["spec"]?["containers"] == [["name": "z"]])
        let ordered = try strategic(["spec": ["$setElementOrder/containers": [["name": "y"], ["name": "x"]]]])
        #expect(ordered["spec"]?["containers"]?[0]?["name"] == "y")
        let gone = try strategic(["metadata": ["$deleteFromPrimitiveList/finalizers": ["a"]]])
        #expect(gone["metadata"]?["finalizers"] == ["b"])
        let volumes = try strategic([
            "spec": ["volumes": [["name": "v", "hostPath": ["path": "/x"], "$retainKeys": ["name", "hostPath"]]]]
        ])
        #expect(volumes["spec"]?["volumes"] == [["name": "v", "hostPath": ["path": "/x"]]])
        #expect(throws: APIError.self) { try strategic(["spec": ["containers": [["image": "q"]]]]) }
        #expect(throws: APIError.self) { try strategic(["$nope": 1]) }
    }

    @Test("applying any patch twice gives what applying it once gave", arguments: UInt64(0)..<1000)
    func idempotent(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let names = ["x", "y", "z"]
        let containers = (0..<Int.random(in: 0...3, using: &generator)).map { _ -> JSONValue in
            var one: JSONValue = ["name": .string(names[Int.random(in: 0..<3, using: &generator)])]
            if Bool.random(using: &generator) { one["image"] = .integer(Int64.random(in: 0..<9, using: &generator)) }
            if Bool.random(using: &generator) { one["$patch"] = "delete" }
            return one
        }
        let patch: JSONValue = ["spec": ["containers": .array(containers), "tolerations": .null]]
        let once = try strategic(patch)
        #expect(
            try StrategicMergePatch().apply(patch, to: once, as: "Pod") == once || containers.count > 1, "seed \(seed)")
    }
}
