internal import Engine
internal import ImageSpec
internal import JSON

/// The parameters behind a path's question mark, read as dockerd reads them.
struct Query: Sendable {
    private var values: [String: [String]] = [:]

    /// - Parameter text: without the question mark.
    init(_ text: String?) {
        for pair in text?.split(separator: "&") ?? [] {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count == 2 ? Self.unescaped(halves[1]) : ""
            values[Self.unescaped(halves[0]), default: []].append(value)
        }
    }

    /// The first value; `nil` when it was not given or is empty.
    subscript(name: String) -> String? {
        guard let value = values[name]?.first, !value.isEmpty else { return nil }
        return value
    }

    /// Every value that is not empty.
    func all(_ name: String) -> [String] {
        (values[name] ?? []).filter { !$0.isEmpty }
    }

    /// Anything but nothing, 0, no, false and none is true.
    func flag(_ name: String, default fallback: Bool = false) -> Bool {
        guard let value = values[name]?.first else { return fallback }
        switch value.lowercased().filter({ $0 != " " }) {
        case "", "0", "no", "false", "none": return false
        default: return true
        }
    }

    /// A whole number.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` when something else was given.
    func int(_ name: String) throws(EngineError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text) else {
            throw .invalid("Bad parameters: invalid value for \"\(name)\": \(text) is not a number")
        }
        return number
    }

    /// A moment: seconds since 1970 with a fraction, or RFC 3339; 0 and nothing mean none.
    func time(_ name: String) throws(EngineError) -> Timestamp? {
        guard let text = self[name], text != "0" else { return nil }
        guard let time = Timestamp(query: text) else {
            throw .invalid("invalid value for \"\(name)\": failed to parse value as time or duration: \"\(text)\"")
        }
        return time
    }

    /// What `platform` and `platforms` ask for, in words such as `linux/arm64` or as the JSON that docker writes.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` for anything else.
    func platforms() throws(EngineError) -> [Platform] {
        try (all("platform") + all("platforms")).map { text throws(EngineError) in
            do throws(ImageSpecError) {
                guard text.hasPrefix("{") else { return try Platform(parsing: text) }
            } catch {
                throw .invalid(error.description)
            }
            guard let json = try? JSONValue(parsing: Array(text.utf8)),
                let platform = try? Platform(json: JSONField(json))
            else { throw .invalid("invalid platform: \(text)") }
            return platform
        }
    }

    /// The `filters` parameter, in either of the two forms that clients write.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` when it is neither.
    func filters() throws(EngineError) -> Filters {
        guard let text = self["filters"] else { return Filters() }
        guard let json = try? JSONValue(parsing: Array(text.utf8)), let object = json.objectValue else {
            throw .invalid("invalid filter: \(text)")
        }
        var found: [String: [String]] = [:]
        for (name, value) in object {
            if let list = value.arrayValue {
                found[name] = try list.map { item throws(EngineError) in
                    guard let text = item.stringValue else { throw .invalid("invalid filter: \(name)") }
                    return text
                }
            } else if let set = value.objectValue {
                found[name] = set.filter { $0.value.boolValue ?? true }.map(\.key)
            } else {
                throw .invalid("invalid filter: \(name)")
            }
        }
        return Filters(found)
    }

    /// Undoes percent signs and pluses; what is no escape stays as it is.
    static func unescaped(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = hexDigit(rest.first), let low = hexDigit(rest.dropFirst().first) else { fallthrough }
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let byte) where (48...57).contains(byte): byte - 48
        case .some(let byte) where (97...102).contains(byte): byte - 87
        case .some(let byte) where (65...70).contains(byte): byte - 55
        default: nil
        }
    }
}
