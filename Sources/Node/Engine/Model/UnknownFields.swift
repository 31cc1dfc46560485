internal import JSON

/// Fields that a client sent and that no type of ours has: refused by their path, never dropped.
///
/// Null, zero and empty mean "not set", whatever the field: those pass.
enum UnknownFields {
    /// `known` is what was understood of `sent`, written again.
    ///
    /// - Throws: ``JSONError/invalid(path:reason:)`` with the first path that was not.
    static func refuse(in sent: JSONValue, knowing known: JSONValue) throws(JSONError) {
        try walk(sent, known, "")
    }

    private static func walk(_ sent: JSONValue, _ known: JSONValue, _ path: String) throws(JSONError) {
        switch (sent, known) {
        case (.object(let sent), .object(let known)):
            for (key, value) in sent {
                let place = path.isEmpty ? key : path + "." + key
                // As the reader has it: the first letter may be small.
                if let twin = known[key] ?? known[key.prefix(1).uppercased() + key.dropFirst()] {
                    try walk(value, twin, place)
                } else if !isUnset(value) {
                    throw .invalid(path: place, reason: "unknown field")
                }
            }
        case (.array(let sent), .array(let known)) where sent.count == known.count:
            for (index, (value, twin)) in zip(sent, known).enumerated() { try walk(value, twin, "\(path)[\(index)]") }
        default: return
        }
    }

    private static func isUnset(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false), .integer(0), .string(""): true
        case .array(let elements): elements.allSatisfy(isUnset)
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
