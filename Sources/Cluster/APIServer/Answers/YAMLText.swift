internal import JSON

/// JSON values as YAML: block style, members in the order of their names, as `kubectl -o yaml` shows them.
///
/// Texts that YAML would read as something else stand in double quotes, which JSON's escapes fit.
///
/// Source: YAML 1.2.2, chapters 7 and 8.
enum YAMLText {
    static func write(_ value: JSONValue) -> String {
        var text = ""
        write(value, indent: 0, to: &text, isInline: false)
        return text
    }

    private static func write(_ value: JSONValue, indent: Int, to text: inout String, isInline: Bool) {
        switch value {
        case .object(let members) where !members.isEmpty:
            var isFirst = isInline
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                if !isFirst { text += String(repeating: " ", count: indent) }
                isFirst = false
                text += "\(scalar(.string(key))):"
                child(member, indent: indent, to: &text)
            }
        case .array(let elements) where !elements.isEmpty:
            for element in elements {
                text += String(repeating: " ", count: indent) + "- "
                write(element, indent: indent + 2, to: &text, isInline: true)
            }
        default: text += scalar(value) + "\n"
        }
    }

    private static func child(_ value: JSONValue, indent: Int, to text: inout String) {
        switch value {
        case .object(let members) where !members.isEmpty:
            text += "\n"
            write(value, indent: indent + 2, to: &text, isInline: false)
        case .array(let elements) where !elements.isEmpty:
            text += "\n"
            write(value, indent: indent, to: &text, isInline: false)
        default: text += " \(scalar(value))\n"
        }
    }

    private static func scalar(_ value: JSONValue) -> String {
        guard case .string(let text) = value else { return value.description }
        return isPlain(text) ? text : value.description
    }

    /// Whether a text means itself without quotes: it begins with a letter, and is no word with a meaning.
    private static func isPlain(_ text: String) -> Bool {
        let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        guard let first = text.utf8.first, (65...90).contains(first) || (97...122).contains(first),
            !words.contains(text.lowercased())
        else { return false }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || [45, 46, 47, 95].contains($0)
        }
    }
}
