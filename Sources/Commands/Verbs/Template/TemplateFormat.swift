internal import JSON

/// The `printf` of templates.
///
/// Knows `%v %s %d %q %t %f %e %g %x %X %o %b %c %%` with flags, width and precision.
///
/// Source: Go's fmt, "Printing".
enum TemplateFormat {
    static func format(_ format: String, _ arguments: ArraySlice<JSONValue>) -> String {
        var output = ""
        var rest = format[...]
        var values = arguments
        while let character = rest.popFirst() {
            guard character == "%" else {
                output.append(character)
                continue
            }
            let options = rest.prefix { "-+# 0123456789.".contains($0) }
            rest = rest.dropFirst(options.count)
            guard let verb = rest.popFirst() else {
                output += "%!(NOVERB)"
                break
            }
            if verb == "%" {
                output.append("%")
            } else if let value = values.popFirst() {
                output += formatted(value, verb, String(options))
            } else {
                output += "%!\(verb)(MISSING)"
            }
        }
        return output
    }

    private static func formatted(_ value: JSONValue, _ verb: Character, _ options: String) -> String {
        let flags = options.prefix { "-+# 0".contains($0) }
        let numbers = options.dropFirst(flags.count).split(separator: ".", omittingEmptySubsequences: false)
        let width = numbers.first.flatMap { Int($0) } ?? 0
        let precision = numbers.count > 1 ? Int(numbers[1]) ?? 0 : nil
        let body: String
        switch verb {
        case "v", "t": body = value.templateText
        case "s": body = String(value.templateText.prefix(precision ?? .max))
        case "q": body = Human.quoted(value.templateText)
        case "d", "c":
            guard let number = value.intValue else { return "%!\(verb)(\(value.templateText))" }
            body =
                verb == "d"
                ? String(number) : UnicodeScalar(UInt32(truncatingIfNeeded: number)).map { String($0) } ?? ""
        case "x", "X", "o", "b":
            let radix = verb == "o" ? 8 : verb == "b" ? 2 : 16
            if let number = value.intValue {
                body = String(number, radix: radix, uppercase: verb == "X")
            } else {
                body = value.templateText.utf8.map { Human.formatted(verb == "X" ? "%02X" : "%02x", Int32($0)) }
                    .joined()
            }
        case "f", "e", "g", "F":
            guard let number = value.doubleValue else { return "%!\(verb)(\(value.templateText))" }
            body = Human.formatted("%\(precision.map { ".\($0)" } ?? "")\(verb)", number)
        default: return "%!\(verb)(\(value.templateText))"
        }
        let padding = max(0, width - body.count)
        if flags.contains("-") { return body + String(repeating: " ", count: padding) }
        return String(repeating: flags.contains("0") ? "0" : " ", count: padding) + body
    }
}
