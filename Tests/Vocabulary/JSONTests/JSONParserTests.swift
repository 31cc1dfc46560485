internal import JSON
internal import Testing

@Suite("The parser")
struct JSONParserTests {
    @Test(
        "reads each kind of value",
        arguments: [
            ("null", .null), ("true", true), (" false\n", false), ("0", 0), ("-12", -12),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .unsigned(1 << 63)), ("18446744073709551615", .unsigned(.max)),
            ("18446744073709551616", .double(18446744073709551616)),
            ("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
            ("1.5", 1.5), ("1e3", .double(1000)), ("-0.25E-2", -0.0025), ("-0", .double(-0.0)),
            (#""""#, ""), (#""a\/\\\"\b\f\n\r\t""#, "a/\\\"\u{8}\u{C}\n\r\t"), (#""é\u00e9\ud83d\ude00😀""#, "éé😀😀"),
            ("[]", []), ("[ 1 , [ ] , {} ]", [1, [], [:]]),
            (#"{"a":{"b":[null]},"c":2}"#, ["a": ["b": [nil]], "c": 2]),
        ] as [(String, JSONValue)])
    func values(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(
        "refuses what RFC 8259 does not allow",
        arguments: [
            "", " ", "nul", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "1e999", "NaN", "Infinity", "[1,]",
            "[,1]", "[1 2]",
            "{", "}", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, "{1:2}", "[1]]", "1 2", "'a'", "\"a",
            "\"\\x\"", "\"\\u12g4\"",
            #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, "\"a\nb\"", "\"\t\"", "/* */ 1", "1 // one", "\u{FEFF}1",
            "[1}", "\u{A0}1",
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [
            [0x80], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3],
            [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        for prefix in ["\"", #"{"a":"\n"#] {
            let error = #expect(throws: JSONError.self) {
                try JSONValue(parsing: Array(prefix.utf8) + bytes + Array("\"}".utf8))
            }
            #expect(error?.description.contains("expected UTF-8") == true)
        }
    }

    @Test("says where the text is wrong, and what it expected")
    func places() {
        func message(_ text: String) -> String? {
            #expect(throws: JSONError.self) { try JSONValue(parsing: text) }?.description
        }
        #expect(message("{\n  \"a\": 1\n  \"b\"}") == #"line 3, column 3: expected "," or "}", found a quote"#)
        #expect(message("[1, x]") == #"line 1, column 5: expected a value, found "x""#)
        #expect(message("[tru]") == #"line 1, column 5: expected true, found "]""#)
        #expect(message("{\"a\"") == #"line 1, column 5: expected ":", found the end of the text"#)
        #expect(message("\"\u{1}\"") == "line 1, column 2: expected no control character in a string, found byte 0x01")
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[\n1,\n ?]") }
        #expect(error?.place == .init(offset: 6, line: 3, column: 2))
    }

    @Test("goes 512 levels deep and no deeper")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        _ = try JSONValue(parsing: nested(512))
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(513)) }
        #expect(error?.place?.offset == 512)
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: #"{"":"#, count: 100_000)) }
        _ = try JSONValue(parsing: "[" + Array(repeating: "[],{}", count: 1000).joined(separator: ",") + "]")
    }

    @Test("keeps the order of keys, and of duplicates the last value")
    func keys() throws {
        let value = try JSONValue(parsing: #"{"b":1,"a":2,"b":3}"#)
        #expect(value.description == #"{"b":3,"a":2}"#)
        let many = "{" + (0..<200).map { "\"\($0 % 150)\":\($0)" }.joined(separator: ",") + "}"
        let object = try #require(JSONValue(parsing: many).objectValue)
        #expect(object.count == 150)
        #expect(object["0"] == 150)
        #expect(object["149"] == 149)
        #expect(object.keys.first == "0")
    }

    @Test("reads every value back that was written, in every style", arguments: UInt64(0)..<1000)
    func roundTrip(seed: UInt64) throws {
        var some = SomeJSON(seed: seed)
        let value = some.value()
        for style in [JSONStyle.compact, .pretty, .sorted] {
            #expect(try JSONValue(parsing: value.encoded(style)) == value, "seed \(seed)")
        }
    }

    @Test("refuses each prefix of a document", arguments: UInt64(0)..<20)
    func prefixes(seed: UInt64) {
        var some = SomeJSON(seed: seed)
        let bytes = JSONValue.array([some.value(), some.value(), some.value()]).encoded().prefix(3000)
        for length in 0..<bytes.count - 1 {
            #expect(throws: JSONError.self, "seed \(seed), \(length) bytes") {
                try JSONValue(parsing: Array(bytes.prefix(length)))
            }
        }
    }

    @Test("never fails but with its own error, whatever the bytes", arguments: UInt64(0)..<1000)
    func mutated(seed: UInt64) {
        var some = SomeJSON(seed: seed)
        var bytes = JSONValue.array([some.value(), some.value()]).encoded()
        for _ in 0..<Int.random(in: 1...8, using: &some.random) {
            let place = Int.random(in: 0..<bytes.count, using: &some.random)
            switch Int.random(in: 0..<3, using: &some.random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &some.random)
            case 1: bytes.insert(Array("[]{}\",:\\u0e-".utf8).randomElement(using: &some.random) ?? 0, at: place)
            default: if bytes.count > 1 { bytes.remove(at: place) }
            }
        }
        do {
            let value = try JSONValue(parsing: bytes)
            #expect(try JSONValue(parsing: value.encoded()) == value, "seed \(seed)")
        } catch {
            #expect(error.place != nil, "seed \(seed)")
        }
    }
}
