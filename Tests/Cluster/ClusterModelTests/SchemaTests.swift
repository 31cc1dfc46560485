import JSON
import TestSupport
import Testing

@testable import ClusterModel

@Suite("The schema of the kinds")
struct SchemaTests {
    @Test("every type that a field names is there, and so is every kind's")
    func closed() {
        let schema = Schema.shared
        for kind in Catalog.all { #expect(schema[kind.kind] != nil, "\(kind.kind)") }
        for type in schema.types.values {
            for field in type.fields {
                for name in Self.types(in: field.shape) { #expect(schema[name] != nil, "\(type.name).\(field.name)") }
                if let key = field.mergeKey, case .list(.type(let name)) = field.shape {
                    #expect(schema[name]?[key] != nil, "\(type.name).\(field.name) by \(key)")
                }
            }
        }
        #expect(schema.types.count > 150)
    }

    private static func types(in shape: Shape) -> [String] {
        switch shape {
        case .list(let element), .map(let element): types(in: element)
        case .type(let name): [name]
        default: []
        }
    }

    /// A value with every field that the type has, down to a depth.
    static func full(_ shape: Shape, depth: Int = 0) -> JSONValue {
        switch shape {
        case .string: "text"
        case .boolean: true
        case .int32, .int64: 7
        case .number: 1.5
        case .quantity: "500m"
        case .intOrString: "80%"
        case .time: "2026-11-21T10:00:00Z"
        case .microTime: "2026-11-21T10:00:00.123456Z"
        case .bytes: "AQID"
        case .any: ["anything": [1, "two"]]
        case .list(let element): depth > 9 ? [] : [full(element, depth: depth + 1)]
        case .map(let element): depth > 9 ? [:] : ["key": full(element, depth: depth + 1)]
        case .type(let name):
            depth > 9
                ? [:]
                : .object(
                    JSONObject(
                        (Schema.shared[name]?.fields ?? []).map { ($0.name, full($0.shape, depth: depth + 1)) }))
        }
    }

    @Test(
        "an object with every field there is has the right shape, and one field too many is seen",
        arguments: Catalog.all)
    func everyField(kind: ResourceKind) throws {
        var object = Self.full(.type(kind.kind))
        var check = SchemaCheck()
        try check.check(object, as: kind.kind)
        #expect(check.unknown.isEmpty)
        object["metadata"]?["nope"] = 1
        var second = SchemaCheck()
        try second.check(object, as: kind.kind)
        #expect(second.unknown == ["metadata.nope"])
    }

    @Test("a value of a wrong type is named by its path")
    func wrongType() throws {
        var check = SchemaCheck()
        let error = #expect(throws: FieldError.self) {
            try check.check(["spec": ["containers": [["name": 1]]]], as: "Pod")
        }
        #expect(error?.path == "spec.containers[0].name")
    }

    @Test("protobuf gives the object that JSON would have given")
    func protobuf() throws {
        // A Namespace "ab" with one label, as kubectl writes it.
        let label: [UInt8] = [0x5A, 6, 0x0A, 1, 0x6B, 0x12, 1, 0x76]
        let metadata: [UInt8] = [0x0A, 2, 0x61, 0x62, 0x12, 0, 0x42, 0] + label
        let raw: [UInt8] = [0x0A, UInt8(metadata.count)] + metadata + [0x12, 0, 0x1A, 2, 0x0A, 0]
        let type: [UInt8] = [0x0A, 2, 0x76, 0x31, 0x12, 9] + Array("Namespace".utf8)
        let bytes: [UInt8] = [0x6B, 0x38, 0x73, 0, 0x0A, UInt8(type.count)] + type + [0x12, UInt8(raw.count)] + raw
        let object = try ProtobufReader().object(bytes)
        #expect(object["metadata"] == ["name": "ab", "labels": ["k": "v"]])
        #expect(object["kind"] == "Namespace" && object["apiVersion"] == "v1")
        for cut in 0..<bytes.count { _ = try? ProtobufReader().object(Array(bytes[..<cut])) }
    }

    @Test("no bytes make the reader stop the process", arguments: UInt64(0)..<1000)
    func garbage(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let kind = ["Pod", "Node", "Secret", "Event"][Int(seed % 4)]
        let raw = (0..<Int.random(in: 0..<60, using: &generator)).map { _ in UInt8.random(in: 0...60, using: &generator)
        }
        let type: [UInt8] = [0x12, UInt8(kind.utf8.count)] + Array(kind.utf8)
        let bytes: [UInt8] = [0x6B, 0x38, 0x73, 0, 0x0A, UInt8(type.count)] + type + [0x12, UInt8(raw.count)] + raw
        _ = try? ProtobufReader().object(bytes)
    }
}
