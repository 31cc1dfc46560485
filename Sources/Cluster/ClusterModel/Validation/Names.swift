/// The rules for names, and what is said when one is broken.
///
/// Source: RFC 1123; Kubernetes documentation, "Object Names and IDs", "Labels and Selectors".
package enum Names {
    /// What is wrong with `text` as a label of DNS, such as a namespace's or a container's name; `nil` when nothing is.
    package static func labelProblem(_ text: String) -> String? {
        if text.utf8.count > 63 { return "must be no more than 63 bytes" }
        if isDNSLabel(text[...]) { return nil }
        return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
            + "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
            + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    }

    /// The same for labels joined by dots, such as a pod's or a node's name.
    package static func subdomainProblem(_ text: String) -> String? {
        if text.utf8.count > 253 { return "must be no more than 253 bytes" }
        if !text.isEmpty, text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ isDNSLabel($0) }) {
            return nil
        }
        return
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
            + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
            + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    }

    /// The same for keys of labels, taints and resources: a name, and before it perhaps a subdomain and a slash.
    package static func qualifiedProblem(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 2 {
            return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
                + "with an alphanumeric character, with an optional DNS subdomain prefix and '/' (e.g. "
                + "'example.com/MyName')"
        }
        if parts.count == 2, parts[0].isEmpty { return "prefix part must be non-empty" }
        if parts.count == 2, let why = subdomainProblem(String(parts[0])) { return "prefix part \(why)" }
        let name = parts.last ?? ""
        if name.isEmpty { return "name part must be non-empty" }
        if name.utf8.count > 63 { return "name part must be no more than 63 bytes" }
        if isWord(name) { return nil }
        return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    }

    package static func labelValueProblem(_ text: String) -> String? {
        if text.utf8.count > 63 { return "must be no more than 63 bytes" }
        if text.isEmpty || isWord(text[...]) { return nil }
        return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            + "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
            + "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    }

    /// The same for keys of a ConfigMap or a Secret.
    package static func dataKeyProblem(_ text: String) -> String? {
        if text.utf8.count > 253 { return "must be no more than 253 bytes" }
        if text == "." || text == ".." { return "must not be '\(text)'" }
        if text.hasPrefix("..") { return "must not start with '..'" }
        if !text.isEmpty, text.utf8.allSatisfy({ isAlphanumeric($0) || [45, 46, 95].contains($0) }) { return nil }
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
            + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
    }

    /// The same for names of environment variables.
    package static func environmentProblem(_ text: String) -> String? {
        if !text.isEmpty, text.utf8.allSatisfy({ (32...126).contains($0) && $0 != 61 }) { return nil }
        return "a valid environment variable name must consist only of printable ASCII characters other than '='"
    }

    private static func isDNSLabel(_ text: Substring) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, first != 45, last != 45, bytes.count <= 253 else {
            return false
        }
        return bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    private static func isWord(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        return text.utf8.allSatisfy { isAlphanumeric($0) || [45, 46, 95].contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: false
        }
    }
}

/// Amounts as texts.
package enum QuantityText {
    /// Digits with at most one point, perhaps a sign, an exponent or one of the suffixes.
    package static func isWellFormed(_ text: String) -> Bool {
        var rest = text.utf8[...]
        if let sign = rest.first, sign == 43 || sign == 45 { rest = rest.dropFirst() }
        let whole = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == 46 {
            fraction = rest.dropFirst().prefix { (48...57).contains($0) }
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return false }
        let suffix = String(decoding: rest, as: UTF8.self)
        if ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].contains(suffix) {
            return true
        }
        guard let mark = suffix.first, mark == "e" || mark == "E" else { return false }
        return Int(suffix.dropFirst()).map { (-100...100).contains($0) } ?? false
    }
}
