internal import JSON
internal import Testing

@Suite("A value")
struct JSONValueTests {
    @Test("is written compact, indented or sorted")
    func styles() {
        let value: JSONValue = ["b": [1, [:]], "a": ["x": nil], "c": []]
        #expect(value.description == #"{"b":[1,{}],"a":{"x":null},"c":[]}"#)
        #expect(String(decoding: value.encoded(.sorted), as: UTF8.self) == #"{"a":{"x":null},"b":[1,{}],"c":[]}"#)
        let pretty = """
            {
              "b": [
                1,
                {}
              ],
              "a": {
                "x": null
              },
              "c": []
            }
            """
        #expect(String(decoding: value.encoded(.pretty), as: UTF8.self) == pretty)
    }

    @Test("escapes what must be escaped and nothing else")
    func escapes() {
        let value: JSONValue = "\u{0}\u{1F}\"\\/\u{7F}é\u{2028}😀<&>\u{8}\u{C}\n\r\t"
        #expect(value.description == #""\u0000\u001f\"\\/"# + "\u{7F}é\u{2028}😀<&>" + #"\b\f\n\r\t""#)
    }

    @Test("writes doubles so that they read back the same, and what is not finite as null")
    func doubles() throws {
        for number in [0.1, 1, -0.0, 1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1 / 3, 123456789.125] {
            let back = try JSONValue(parsing: JSONValue.double(number).encoded())
            #expect(back == .double(number))
            #expect(back.doubleValue?.sign == number.sign)
        }
        #expect(JSONValue.double(.nan).description == "null")
        #expect(JSONValue.double(-.infinity).description == "null")
    }

    @Test("gives its content to those who ask for the right kind")
    func accessors() {
        let value: JSONValue = ["s": "x", "i": 3, "d": 2.5, "w": 4.0, "b": true, "a": [1], "n": nil]
        #expect(value["s"]?.stringValue == "x")
        #expect(value["i"]?.intValue == 3)
        #expect(value["i"]?.doubleValue == 3)
        #expect(value["d"]?.intValue == nil)
        #expect(value["w"]?.intValue == 4)
        #expect(value["b"]?.boolValue == true)
        #expect(value["a"]?[0] == 1)
        #expect(value["a"]?[1] == nil)
        #expect(value["n"]?.isNull == true)
        #expect(value["absent"] == nil)
        #expect(value["s"]?["deeper"] == nil)
        #expect(JSONValue(number: UInt64.max) == .unsigned(.max))
        #expect(JSONValue.unsigned(.max).intValue == nil)
    }

    @Test("changes in place")
    func changes() {
        var value: JSONValue = ["a": 1]
        value["b"] = [true]
        value["a"] = nil
        #expect(value == ["b": [true]])
        var fresh = JSONValue.null
        fresh["x"] = 1
        #expect(fresh == ["x": 1])
    }

    @Test("of an object equals another with the same members in any order")
    func equality() {
        #expect(["a": 1, "b": 2] as JSONValue == ["b": 2, "a": 1])
        #expect(["a": 1] as JSONValue != ["a": 1, "b": 2])
        #expect(["a": 1] as JSONValue != ["b": 1])
        #expect(["a": nil] as JSONValue != [:])
    }

    @Test("of an object with many members behaves as one with few", arguments: UInt64(0)..<50)
    func manyMembers(seed: UInt64) {
        var some = SomeJSON(seed: seed)
        var object = JSONObject()
        var model: [String: JSONValue] = [:]
        for step in 0..<200 {
            let key = String(Int.random(in: 0..<40, using: &some.random))
            if Int.random(in: 0..<3, using: &some.random) == 0 {
                #expect(object.removeValue(forKey: key) == model.removeValue(forKey: key), "seed \(seed)")
            } else {
                object[key] = .integer(Int64(step))
                model[key] = .integer(Int64(step))
            }
        }
        #expect(object.count == model.count)
        #expect(Set(object.keys) == Set(model.keys))
        #expect(model.allSatisfy { object[$0.key] == $0.value }, "seed \(seed)")
    }
}
