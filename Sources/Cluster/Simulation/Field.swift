internal import Yams

/// A value of a YAML document with the path that led to it.
struct Field {
    let node: Yams.Node?
    let path: String

    subscript(_ key: String) -> Field {
        Field(
            node: node?.mapping?[key].flatMap { $0.null == nil ? $0 : nil }, path: path.isEmpty ? key : "\(path).\(key)"
        )
    }

    var isPresent: Bool { node != nil }

    var elements: [Field] {
        (node?.sequence.map { Array($0) } ?? []).enumerated().map { Field(node: $1, path: "\(path)[\($0)]") }
    }

    var entries: [(key: String, value: Field)] {
        (node?.mapping.map { Array($0) } ?? []).compactMap { key, value in
            key.scalar.map { ($0.string, Field(node: value, path: "\(path).\($0.string)")) }
        }
    }

    var text: String? { node?.scalar?.string }

    func string() throws(ManifestError) -> String {
        guard let text else { throw ManifestError(path, "expected a text") }
        return text
    }

    func int(default fallback: Int) throws(ManifestError) -> Int {
        guard isPresent else { return fallback }
        guard let number = text.flatMap({ Int($0) }) else { throw ManifestError(path, "expected a whole number") }
        return number
    }

    func bool(default fallback: Bool) throws(ManifestError) -> Bool {
        guard isPresent else { return fallback }
        guard let value = node?.bool else { throw ManifestError(path, "expected true or false") }
        return value
    }

    func strings() throws(ManifestError) -> [String: String] {
        var found: [String: String] = [:]
        for (key, value) in entries { found[key] = try value.string() }
        return found
    }

    func quantity() throws(ManifestError) -> Double {
        guard let text, let value = Quantity.parse(text) else { throw ManifestError(path, "expected a quantity") }
        return value
    }
}
