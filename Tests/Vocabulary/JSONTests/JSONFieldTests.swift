internal import JSON
internal import Testing

@Suite("A field")
struct JSONFieldTests {
    private let root = JSONField([
        "process": ["user": ["uid": "x", "gid": -1, "big": 4294967296, "whole": 7.0, "half": 0.5], "args": ["a", 2]],
        "nothing": nil, "text": "hello", "list": [["name": 1]], "huge": 1e300,
    ])

    private func message<T>(_ read: () throws -> T) -> String? {
        #expect(throws: JSONError.self) { _ = try read() }?.description
    }

    @Test("reads what is there")
    func reads() throws {
        #expect(try root["text"].string() == "hello")
        #expect(try root["process"]["user"]["gid"].int(Int32.self) == -1)
        #expect(try root["process"]["user"]["whole"].int(UInt8.self) == 7)
        #expect(try root["process"]["user"]["half"].double() == 0.5)
        #expect(try root["list"].elements().count == 1)
        #expect(try root["process"].entries().map(\.0) == ["user", "args"])
        #expect(root["process"].exists)
    }

    @Test("names its path in every error")
    func paths() {
        let user = root["process"]["user"]
        #expect(
            message { try user["uid"].int(UInt32.self) }
                == #"process.user.uid: expected an unsigned integer, found "x""#)
        #expect(
            message { try user["gid"].int(UInt32.self) } == "process.user.gid: expected an unsigned integer, found -1")
        #expect(
            message { try user["big"].int(UInt32.self) }
                == "process.user.big: expected an integer from 0 to 4294967295, found 4294967296")
        #expect(message { try user["half"].int(Int.self) } == "process.user.half: expected an integer, found 0.5")
        #expect(message { try root["huge"].int(Int.self) } == "huge: expected an integer, found 1e+300")
        #expect(message { try root["process"]["args"].strings() } == "process.args[1]: expected a string, found 2")
        #expect(
            message { try root["list"].elements()[0]["name"].string() } == "list[0].name: expected a string, found 1")
        #expect(message { try root["process"].bool() } == "process: expected true or false, found an object")
        #expect(message { try root["list"].double() } == "list: expected a number, found an array")
        #expect(message { try user["absent"].string() } == "process.user.absent: required, but missing")
        #expect(
            message { try JSONField("x", path: "update").int(Int.self) } == #"update: expected an integer, found "x""#)
        #expect(
            message { try JSONField("x", path: "update")["a"].int(Int.self) }
                == #"update: expected an object, found "x""#)
    }

    @Test("takes null and a missing ancestor for absent, but not an ancestor of another kind")
    func absence() throws {
        #expect(try root["nothing"].stringIfPresent() == nil)
        #expect(try root["absent"]["deeper"]["still"].intIfPresent(Int.self) == nil)
        #expect(!root["nothing"].exists)
        #expect(
            message { try root["text"]["a"]["b"].intIfPresent(Int.self) } == #"text: expected an object, found "hello""#
        )
    }

    @Test("reads composed types")
    func composed() throws {
        let field = JSONField(["a": [1, 2], "b": ["x": ["y"]], "bad": ["k": [0, 300]]])
        #expect(try field["a"].read([Int].self) == [1, 2])
        #expect(try field["b"].read([String: [String]].self) == ["x": ["y"]])
        #expect(try field["c"].readIfPresent([Int].self) == nil)
        #expect(
            message { try field["bad"].read([String: [UInt8]].self) }
                == "bad.k[1]: expected an integer from 0 to 255, found 300")
        #expect(["b": [1], "a": []].json.description == #"{"a":[],"b":[1]}"#)
    }

    @Test("puts a prefix before the path of an error")
    func prefixes() {
        #expect(JSONError.missing(path: "a").under("b").description == "b.a: required, but missing")
        #expect(JSONError.missing(path: "[0]").under("b").description == "b[0]: required, but missing")
        #expect(JSONError.missing(path: "").under("b").description == "b: required, but missing")
    }
}
