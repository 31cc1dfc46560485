/// The `filters` query parameter: for each name the values of which one must match, except labels, which must all match.
///
/// Written as `{"label":["a=b"]}`, or by older clients as `{"label":{"a=b":true}}`.
package struct Filters: Equatable, Sendable {
    package var values: [String: [String]]

    package init(_ values: [String: [String]] = [:]) { self.values = values }

    package var isEmpty: Bool { values.allSatisfy(\.value.isEmpty) }

    package subscript(name: String) -> [String] { values[name] ?? [] }

    /// The first name that is not among `known`; names that nobody understands are refused, not ignored.
    package func unknown(besides known: Set<String>) -> String? {
        values.keys.sorted().first { !known.contains($0) }
    }

    /// Whether no value was given for `name`, or one of them equals `candidate`.
    package func allows(_ name: String, _ candidate: String) -> Bool {
        let wanted = self[name]
        return wanted.isEmpty || wanted.contains(candidate)
    }

    /// Whether `labels` has all that `label` asks for and none that `label!` forbids.
    package func allowsLabels(_ labels: [String: String]) -> Bool {
        self["label"].allSatisfy { Self.matches($0, labels) } && self["label!"].allSatisfy { !Self.matches($0, labels) }
    }

    private static func matches(_ wanted: String, _ labels: [String: String]) -> Bool {
        guard let equals = wanted.firstIndex(of: "=") else { return labels[wanted] != nil }
        return labels[String(wanted[..<equals])] == String(wanted[wanted.index(after: equals)...])
    }

    /// The value of a boolean filter such as `dangling`.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` when it is neither true nor false.
    package func flag(_ name: String) throws(EngineError) -> Bool? {
        guard let value = self[name].first else { return nil }
        switch value.lowercased() {
        case "1", "t", "true": return true
        case "0", "f", "false": return false
        default: throw .invalid("invalid filter '\(name)=[\(value)]'")
        }
    }
}
