package import JSON
internal import Units

/// Reads objects that clients send as protobuf, with the numbers of the ``Schema``.
///
/// kubectl's `create` verbs and other typed clients write so. Answers are JSON always, which all of them read. Fields whose
/// numbers are not known are refused: they would be lost.
///
/// Source: protobuf encoding, proto2; Kubernetes API concepts, "Kubernetes Protobuf encoding".
package struct ProtobufReader {
    package static let mediaType = "application/vnd.kubernetes.protobuf"
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]
    private static let deepest = 64
    /// Written always, and meaning "not given" when they are zero.
    private static let absentWhenZero: Set<String> = [
        "hostPort", "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
        "observedGeneration", "generation", "count",
    ]

    private let schema: Schema

    package init(_ schema: Schema = .shared) {
        self.schema = schema
    }

    /// Reads an enveloped object.
    ///
    /// - Throws: ``APIError/badRequest(_:)``.
    package func object(_ bytes: [UInt8]) throws(APIError) -> JSONValue {
        guard bytes.starts(with: Self.magic) else { throw Self.broken("no envelope") }
        var (apiVersion, kind, raw) = ("", "", bytes[bytes.count...])
        var envelope = ProtobufFields(bytes[Self.magic.count...])
        while let field = try envelope.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let type)):
                var names = ProtobufFields(type)
                while let name = try names.next() {
                    guard case .bytes(let text) = name.value else { continue }
                    if name.number == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
                    if name.number == 2 { kind = String(decoding: text, as: UTF8.self) }
                }
            case (2, .bytes(let body)): raw = body
            default: continue
            }
        }
        guard schema[kind] != nil else { throw Self.broken("kind \"\(kind)\" is not known here") }
        var members = try message(raw, kind, depth: 0)
        members["kind"] = .string(kind)
        members["apiVersion"] = .string(apiVersion)
        return .object(members)
    }

    static func broken(_ why: String) -> APIError { .badRequest("protobuf: \(why)") }

    private func message(_ bytes: ArraySlice<UInt8>, _ type: String, depth: Int) throws(APIError) -> JSONObject {
        guard let known = schema[type] else { throw Self.broken("type \(type) is not known here") }
        var members: JSONObject = [:]
        try read(bytes, known.fields.map { ($0.numbers[...], $0) }, type, into: &members, depth: depth)
        return members
    }

    /// `fields` are those that may stand here, with what is left of their numbers.
    private func read(
        _ bytes: ArraySlice<UInt8>, _ fields: [(numbers: ArraySlice<Int>, field: SchemaField)], _ type: String,
        into members: inout JSONObject, depth: Int
    ) throws(APIError) {
        guard depth < Self.deepest else { throw Self.broken("\(type): too deep") }
        var reader = ProtobufFields(bytes)
        while let one = try reader.next() {
            let candidates = fields.filter { $0.numbers.first == one.number }
            guard let first = candidates.first else {
                throw Self.broken("\(type): field \(one.number) is not known here")
            }
            if first.numbers.count > 1, case .bytes(let inner) = one.value {
                let below = candidates.map { (numbers: $0.numbers.dropFirst(), field: $0.field) }
                try read(inner, below, type, into: &members, depth: depth + 1)
            } else {
                try set(one.value, first.field, in: &members, depth: depth)
            }
        }
    }

    private func set(
        _ given: ProtobufFields.Value, _ field: SchemaField, in members: inout JSONObject, depth: Int
    ) throws(APIError) {
        switch field.shape {
        case .list(let element):
            guard let value = try value(given, element, field.name, depth: depth) else { return }
            members[field.name] = .array((members[field.name]?.arrayValue ?? []) + [value])
        case .map(let element):
            guard case .bytes(let pair) = given else { throw Self.broken("\(field.name): no pair") }
            var (key, entry): (String, JSONValue?) = ("", nil)
            var reader = ProtobufFields(pair)
            while let part = try reader.next() {
                if part.number == 1, case .bytes(let text) = part.value { key = String(decoding: text, as: UTF8.self) }
                if part.number == 2 { entry = try value(part.value, element, "", depth: depth) }
            }
            var all = members[field.name] ?? [:]
            all[key] = entry ?? ""
            members[field.name] = all
        default:
            guard let value = try value(given, field.shape, field.name, depth: depth) else { return }
            if value == "" || (value == 0 && Self.absentWhenZero.contains(field.name)) { return }
            members[field.name] = value
        }
    }

    /// `nil` for a time that is not set.
    private func value(
        _ given: ProtobufFields.Value, _ shape: Shape, _ name: String, depth: Int
    ) throws(APIError) -> JSONValue? {
        switch (shape, given) {
        case (.string, .bytes(let text)): return .string(String(decoding: text, as: UTF8.self))
        case (.bytes, .bytes(let bytes)): return .string(Base64.encoded(Array(bytes)))
        case (.boolean, .number(let number)): return .bool(number != 0)
        case (.int32, .number(let number)), (.int64, .number(let number)):
            return .integer(Int64(bitPattern: number))
        case (.quantity, .bytes(let inner)):
            var reader = ProtobufFields(inner)
            while let part = try reader.next() {
                if case .bytes(let text) = part.value { return .string(String(decoding: text, as: UTF8.self)) }
            }
            return "0"
        case (.intOrString, .bytes(let inner)): return try intOrString(inner)
        case (.time, .bytes(let inner)), (.microTime, .bytes(let inner)): return try time(inner, shape)
        case (.any, .bytes(let inner)):
            var reader = ProtobufFields(inner)
            guard let part = try reader.next(), case .bytes(let raw) = part.value else { return [:] }
            return (try? JSONValue(parsing: Array(raw))) ?? [:]
        case (.type(let type), .bytes(let inner)): return .object(try message(inner, type, depth: depth + 1))
        default: throw Self.broken("\(name): a value of another type")
        }
    }

    private func intOrString(_ bytes: ArraySlice<UInt8>) throws(APIError) -> JSONValue {
        var (isText, number, text): (Bool, JSONValue, JSONValue) = (false, 0, "")
        var reader = ProtobufFields(bytes)
        while let part = try reader.next() {
            switch (part.number, part.value) {
            case (1, .number(let kind)): isText = kind == 1
            case (2, .number(let value)): number = .integer(Int64(bitPattern: value))
            case (3, .bytes(let value)): text = .string(String(decoding: value, as: UTF8.self))
            default: continue
            }
        }
        return isText ? text : number
    }

    private func time(_ bytes: ArraySlice<UInt8>, _ shape: Shape) throws(APIError) -> JSONValue? {
        var (seconds, nanoseconds): (Int64, Int64) = (0, 0)
        var reader = ProtobufFields(bytes)
        while let part = try reader.next() {
            guard case .number(let value) = part.value else { continue }
            if part.number == 1 { seconds = Int64(bitPattern: value) }
            if part.number == 2 { nanoseconds = Int64(bitPattern: value) }
        }
        guard seconds != 0, seconds != Timestamp.never.seconds, (0..<1_000_000_000).contains(nanoseconds),
            (-62_135_596_800...253_402_300_799).contains(seconds)
        else { return nil }
        let moment = Timestamp(seconds: seconds, nanosecond: Int32(nanoseconds))
        return .string(shape == .time ? moment.toSecond : moment.toMicrosecond)
    }
}

/// The fields of one message, one after the other.
struct ProtobufFields {
    enum Value: Equatable {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// `nil` at the end.
    ///
    /// - Throws: ``APIError/badRequest(_:)`` for bytes that are no field.
    mutating func next() throws(APIError) -> (number: Int, value: Value)? {
        if rest.isEmpty { return nil }
        let tag = try varint()
        guard let number = Int(exactly: tag >> 3), number > 0 else { throw ProtobufReader.broken("no field number") }
        switch tag & 7 {
        case 0: return (number, .number(try varint()))
        case 1: return (number, .number(try fixed(8)))
        case 5: return (number, .number(try fixed(4)))
        case 2:
            guard let count = Int(exactly: try varint()), count <= rest.count else {
                throw ProtobufReader.broken("field \(number) is longer than its message")
            }
            let bytes = rest.prefix(count)
            rest = rest.dropFirst(count)
            return (number, .bytes(bytes))
        default: throw ProtobufReader.broken("field \(number): wire type \(tag & 7)")
        }
    }

    private mutating func varint() throws(APIError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw ProtobufReader.broken("it ends in a number") }
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte & 0x80 == 0 { return value }
        }
        throw ProtobufReader.broken("a number of more than ten bytes")
    }

    private mutating func fixed(_ width: Int) throws(APIError) -> UInt64 {
        guard rest.count >= width else { throw ProtobufReader.broken("it ends in a number") }
        let value = rest.prefix(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(width)
        return value
    }
}
