internal import JSON
internal import Testing

@Suite("The Codable bridge")
struct JSONCoderTests {
    private enum Mode: String, Codable, CaseIterable { case fast, slow }

    private struct Limits: Codable, Equatable {
        var memory: UInt64
        var cpus: Double?
        var swappiness: Int8?
    }

    private struct Container: Codable, Equatable {
        var id: String
        var hostConfig: Limits?
        var labels: [String: String]?
        var ports: [String: [Limits]]?
        var mode: Mode?
        var args: [String?]?
        var anything: JSONValue?
        var rest: JSONObject?
        var explicit: Int?

        enum CodingKeys: String, CodingKey {
            case id, hostConfig, labels, ports, mode, args, anything, rest
            case explicit = "IPValue"
        }
    }

    private let coder = JSONCoder(keys: .pascalCase)

    private func decode(_ json: JSONValue) throws -> Container {
        try coder.decode(Container.self, from: json)
    }

    private func message(_ json: JSONValue) -> String? {
        #expect(throws: JSONError.self) { try decode(json) }?.description
    }

    @Test("a name's first letter may be small, as Docker's own reader has it; the capital one counts")
    func smallLetters() throws {
        #expect(try decode(["id": "1", "mode": "slow"]) == Container(id: "1", mode: .slow))
        #expect(try decode(["Id": "1", "id": "2"]).id == "1")
        #expect(message(["ID": "1"]) != nil)
    }

    @Test("writes names with a capital letter, keys of dictionaries as they are, and no nil")
    func encodes() throws {
        var container = Container(id: "1")
        #expect(String(decoding: try coder.encode(container), as: UTF8.self) == #"{"Id":"1"}"#)
        container.hostConfig = Limits(memory: .max, cpus: 1.5)
        container.labels = ["b.c": "x", "a": "y"]
        container.ports = ["80/tcp": [Limits(memory: 1)]]
        container.mode = .slow
        container.args = ["a", nil]
        container.anything = ["k": [1, 2.5]]
        container.rest = ["z": nil]
        container.explicit = 3
        let text =
            #"{"Id":"1","HostConfig":{"Memory":18446744073709551615,"Cpus":1.5},"Labels":{"a":"y","b.c":"x"},"#
            + #""Ports":{"80/tcp":[{"Memory":1}]},"Mode":"slow","Args":["a",null],"Anything":{"k":[1,2.5]},"#
            + #""Rest":{"z":null},"IPValue":3}"#
        #expect(String(decoding: try coder.encode(container), as: UTF8.self) == text)
        #expect(try coder.decode(Container.self, from: Array(text.utf8)) == container)
    }

    @Test("keeps names as they are written when asked")
    func asWritten() throws {
        let coder = JSONCoder()
        let value = Limits(memory: 1, cpus: 2)
        #expect(try coder.json(value) == ["memory": 1, "cpus": 2.0])
        #expect(try coder.decode(Limits.self, from: ["memory": 1, "cpus": 2]) == value)
    }

    @Test("takes null for absent, and integers written as doubles")
    func lenience() throws {
        #expect(try decode(["Id": "1", "HostConfig": nil, "Labels": nil, "Unknown": 1]) == Container(id: "1"))
        #expect(
            try decode(["Id": "1", "HostConfig": ["Memory": 512.0, "Cpus": 2]]).hostConfig
                == Limits(memory: 512, cpus: 2))
    }

    @Test("names the path as it stands in the JSON")
    func paths() {
        #expect(message([:]) == "Id: required, but missing")
        #expect(message(["Id": nil]) == "Id: required, but missing")
        #expect(message(["Id": 1]) == "Id: expected a string, found 1")
        #expect(message(["Id": "1", "HostConfig": [:]]) == "HostConfig.Memory: required, but missing")
        #expect(message(["Id": "1", "HostConfig": "x"]) == #"HostConfig: expected an object, found "x""#)
        #expect(
            message(["Id": "1", "HostConfig": ["Memory": -1]])
                == "HostConfig.Memory: expected an unsigned integer, found -1")
        #expect(
            message(["Id": "1", "HostConfig": ["Memory": 1, "Swappiness": 128]])
                == "HostConfig.Swappiness: expected an integer from -128 to 127, found 128")
        #expect(
            message(["Id": "1", "Ports": ["80/tcp": [["Memory": 1], ["Memory": "x"]]]])
                == #"Ports.80/tcp[1].Memory: expected an unsigned integer, found "x""#)
        #expect(message(["Id": "1", "Labels": ["a": 1]]) == "Labels.a: expected a string, found 1")
        #expect(message(["Id": "1", "Mode": "other"]) == #"Mode: expected one of fast, slow, found "other""#)
        #expect(message([]) == "expected an object, found an array")
    }

    @Test("refuses to write what JSON has no form for")
    func notFinite() {
        let error = #expect(throws: JSONError.self) {
            try coder.encode(Container(id: "", ports: ["a": [Limits(memory: 1, cpus: .nan)]]))
        }
        #expect(error?.description == "Ports.a[0].Cpus: nan has no JSON form")
    }

    private struct ByHand: JSONCodable, Codable, Equatable {
        var number: Int
        init(number: Int) { self.number = number }
        init(json: JSONField) throws(JSONError) { number = try json["the-number"].int() }
        var json: JSONValue { ["the-number": number.json] }
    }

    @Test("uses the hand-written form of a type that has one")
    func byHand() throws {
        #expect(try coder.json([ByHand(number: 1)]) == [["the-number": 1]])
        #expect(try coder.decode([ByHand].self, from: [["the-number": 1]]) == [ByHand(number: 1)])
        let error = #expect(throws: JSONError.self) { try coder.decode([ByHand].self, from: [["the-number": true]]) }
        #expect(error?.description == "[0].the-number: expected an integer, found true")
    }

    @Test("reads and writes single values and collections of any depth")
    func shapes() throws {
        #expect(try coder.decode([[Int?]].self, from: [[1, nil], []]) == [[1, nil], []])
        #expect(try coder.json([[Int?]]([[1, nil], []])) == [[1, nil], []])
        #expect(try coder.json("x") == "x")
        #expect(try coder.decode(Bool.self, from: true))
        #expect(try coder.json([1: "a"]) == ["1": "a"])
        #expect(try coder.decode([Int: String].self, from: ["1": "a"]) == [1: "a"])
        #expect(try coder.json(Set([3])) == [3])
        #expect(try coder.json([Double]()) == [])
    }
}
