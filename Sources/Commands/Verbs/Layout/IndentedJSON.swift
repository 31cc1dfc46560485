internal import JSON

/// JSON with four spaces a level, as docker prints what it inspects.
enum IndentedJSON {
    static func text(_ value: JSONValue) -> String {
        var text = ""
        write(value, indent: "", into: &text)
        return text
    }

    private static func write(_ value: JSONValue, indent: String, into text: inout String) {
        let inner = indent + "    "
        switch value {
        case .array(let elements) where !elements.isEmpty:
            text += "["
            for (index, element) in elements.enumerated() {
                text += (index > 0 ? ",\n" : "\n") + inner
                write(element, indent: inner, into: &text)
            }
            text += "\n\(indent)]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (index, (key, member)) in members.enumerated() {
                text += (index > 0 ? ",\n" : "\n") + inner + "\(JSONValue.string(key)): "
                write(member, indent: inner, into: &text)
            }
            text += "\n\(indent)}"
        default: text += "\(value)"
        }
    }
}
