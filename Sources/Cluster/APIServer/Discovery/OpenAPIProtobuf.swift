internal import JSON

/// The OpenAPI v2 document as protobuf, which clients before 1.27 ask for.
///
/// Written from the JSON document, so that both say the same; members that ours does not have are not known here.
///
/// Source: google/gnostic-models, `openapiv2/OpenAPIv2.proto`.
enum OpenAPIProtobuf {
    /// As clients ask for it, which is no media type as RFC 2045 has them, and as they can read it in an answer.
    static let askedType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    static let type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    static let v2: [UInt8] = document((try? JSONValue(parsing: OpenAPI.v2)) ?? [:])

    static func document(_ value: JSONValue) -> [UInt8] {
        var message = ProtobufMessage()
        message.text(1, value["swagger"])
        message.nested(2) { info in
            info.text(1, value["info"]?["title"])
            info.text(2, value["info"]?["version"])
        }
        message.nested(8) { paths in
            for (path, item) in value["paths"]?.objectValue ?? [:] {
                paths.nested(2) { named in
                    named.text(1, .string(path))
                    named.nested(2) { add(pathItem: item, to: &$0) }
                }
            }
        }
        message.nested(9) { add(named: value["definitions"], to: &$0) }
        return message.bytes
    }

    private static func add(pathItem item: JSONValue, to message: inout ProtobufMessage) {
        for (method, number) in [("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8)] {
            guard let operation = item[method] else { continue }
            message.nested(number) { add(operation: operation, to: &$0) }
        }
        add(parameters: item["parameters"], 9, to: &message)
    }

    private static func add(operation: JSONValue, to message: inout ProtobufMessage) {
        message.text(5, operation["operationId"])
        for type in operation["produces"]?.arrayValue ?? [] { message.text(6, type) }
        for type in operation["consumes"]?.arrayValue ?? [] { message.text(7, type) }
        add(parameters: operation["parameters"], 8, to: &message)
        message.nested(9) { responses in
            for (code, response) in operation["responses"]?.objectValue ?? [:] {
                responses.nested(1) { named in
                    named.text(1, .string(code))
                    named.nested(2) { value in
                        value.nested(1) { inner in
                            inner.text(1, response["description"])
                            guard let schema = response["schema"] else { return }
                            inner.nested(2) { item in item.nested(1) { add(schema: schema, to: &$0) } }
                        }
                    }
                }
            }
        }
        add(extensionsOf: operation, 13, to: &message)
    }

    private static func add(parameters: JSONValue?, _ number: Int, to message: inout ProtobufMessage) {
        for parameter in parameters?.arrayValue ?? [] {
            message.nested(number) { item in item.nested(1) { add(parameter: parameter, to: &$0) } }
        }
    }

    private static func add(parameter: JSONValue, to message: inout ProtobufMessage) {
        let place = parameter["in"]?.stringValue ?? ""
        if place == "body" {
            message.nested(1) { body in
                body.text(2, parameter["name"])
                body.text(3, parameter["in"])
                body.flag(4, parameter["required"])
                if let schema = parameter["schema"] { body.nested(5) { add(schema: schema, to: &$0) } }
            }
            return
        }
        let isPath = place == "path"
        message.nested(2) { other in
            other.nested(isPath ? 4 : 3) { inner in
                inner.flag(1, parameter["required"])
                inner.text(2, parameter["in"])
                inner.text(4, parameter["name"])
                inner.text(isPath ? 5 : 6, parameter["type"])
                inner.flag(isPath ? 19 : 20, parameter["uniqueItems"])
            }
        }
    }

    private static func add(schema: JSONValue, to message: inout ProtobufMessage) {
        message.text(1, schema["$ref"])
        message.text(2, schema["format"])
        message.text(4, schema["description"])
        for name in schema["required"]?.arrayValue ?? [] { message.text(19, name) }
        if let below = schema["additionalProperties"] {
            message.nested(21) { item in item.nested(1) { add(schema: below, to: &$0) } }
        }
        if let type = schema["type"] { message.nested(22) { $0.text(1, type) } }
        if let items = schema["items"] {
            message.nested(23) { list in list.nested(1) { add(schema: items, to: &$0) } }
        }
        if schema["properties"] != nil { message.nested(25) { add(named: schema["properties"], to: &$0) } }
        add(extensionsOf: schema, 31, to: &message)
    }

    private static func add(named schemas: JSONValue?, to message: inout ProtobufMessage) {
        for (name, schema) in schemas?.objectValue ?? [:] {
            message.nested(1) { named in
                named.text(1, .string(name))
                named.nested(2) { add(schema: schema, to: &$0) }
            }
        }
    }

    private static func add(extensionsOf value: JSONValue, _ number: Int, to message: inout ProtobufMessage) {
        for (name, extra) in value.objectValue ?? [:] where name.hasPrefix("x-") {
            message.nested(number) { named in
                named.text(1, .string(name))
                // JSON is YAML.
                named.nested(2) { $0.text(2, .string(extra.description)) }
            }
        }
    }
}

/// Writes one message of protobuf.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    mutating func text(_ number: Int, _ value: JSONValue?) {
        guard let text = value?.stringValue, !text.isEmpty else { return }
        field(number, Array(text.utf8))
    }

    mutating func flag(_ number: Int, _ value: JSONValue?) {
        guard value?.boolValue == true else { return }
        varint(UInt64(number) << 3)
        varint(1)
    }

    mutating func nested(_ number: Int, _ body: (inout ProtobufMessage) -> Void) {
        var message = ProtobufMessage()
        body(&message)
        field(number, message.bytes)
    }

    private mutating func field(_ number: Int, _ value: [UInt8]) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
