package import JSON
internal import Yams

/// YAML as the JSON it stands for.
///
/// Plain words become null, truth values and numbers as in YAML 1.1 without its sexagesimal numbers, so that `80:80` stays a
/// text; what is in quotes is a text always. Merge keys (`<<`) are followed. Aliases may not make a text stand for more than
/// ``largest`` values.
package enum YAMLDocuments {
    /// Values that one text may stand for, and how deep they may lie in each other.
    package static let largest = 1_000_000
    package static let deepest = 200

    /// All documents of `text` that hold something; `name` stands in messages.
    ///
    /// - Throws: ``ManifestError`` where the text is no YAML, has keys that are no texts, or is too large.
    package static func read(_ text: String, name: String) throws(ManifestError) -> [JSONValue] {
        var documents: [Yams.Node] = []
        do {
            var sequence = try compose_all(yaml: text)
            while let document = sequence.next() { documents.append(document) }
            // What is wrong ends the sequence; it does not throw.
            if let error = sequence.error { throw error }
        } catch {
            throw ManifestError(name, "\(error)")
        }
        var converter = Converter(name: name)
        var values: [JSONValue] = []
        for document in documents {
            let value = try converter.value(document, depth: 0)
            if !value.isNull { values.append(value) }
        }
        return values
    }

    private struct Converter {
        let name: String
        var count = 0

        mutating func value(_ node: Yams.Node, depth: Int) throws(ManifestError) -> JSONValue {
            count += 1
            guard count <= largest else { throw ManifestError(name, "it stands for more than \(largest) values") }
            guard depth < deepest else { throw ManifestError(name, "it is deeper than \(deepest) levels") }
            switch node {
            case .scalar(let scalar):
                let isPlain = scalar.style == .plain || scalar.style == .any
                return isPlain && scalar.tag.description != "tag:yaml.org,2002:str"
                    ? PlainScalar.value(scalar.string) : .string(scalar.string)
            case .sequence(let sequence):
                var elements: [JSONValue] = []
                for element in sequence { elements.append(try value(element, depth: depth + 1)) }
                return .array(elements)
            case .mapping(let mapping): return .object(try members(mapping, depth: depth))
            case .alias: throw ManifestError(name, "an alias that stands for nothing")
            }
        }

        private mutating func members(
            _ mapping: Yams.Node.Mapping, depth: Int
        ) throws(ManifestError) -> JSONObject {
            var merged = JSONObject()
            var own = JSONObject()
            for (key, node) in mapping {
                guard case .scalar(let scalar) = key else { throw ManifestError(name, "a key that is no text") }
                if scalar.string == "<<", scalar.style == .plain {
                    let below = try value(node, depth: depth + 1)
                    for part in below.arrayValue ?? [below] { merged.merge(part.objectValue ?? [:]) }
                } else {
                    own[scalar.string] = try value(node, depth: depth + 1)
                }
            }
            guard !merged.isEmpty else { return own }
            merged.merge(own)
            return merged
        }
    }
}

/// What a word without quotes stands for.
enum PlainScalar {
    static func value(_ word: String) -> JSONValue {
        switch word {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        default: break
        }
        guard let first = word.utf8.first, (48...57).contains(first) || [43, 45, 46].contains(first) else {
            return .string(word)
        }
        return whole(word) ?? fraction(word) ?? .string(word)
    }

    private static func whole(_ word: String) -> JSONValue? {
        var digits = word.first == "+" ? word.dropFirst() : word[...]
        let isNegative = digits.first == "-"
        if isNegative { digits = digits.dropFirst() }
        let prefixes: [(String, Int)] = [("0x", 16), ("0o", 8), ("0b", 2)]
        let (radix, rest) =
            prefixes.first { digits.hasPrefix($0.0) }.map { ($0.1, digits.dropFirst(2)) }
            ?? (digits.count > 1 && digits.first == "0" ? (8, digits.dropFirst()) : (10, digits))
        guard let first = rest.first, first != "+", first != "-" else { return nil }
        if let number = Int64((isNegative ? "-" : "") + rest, radix: radix) { return .integer(number) }
        guard !isNegative, let number = UInt64(rest, radix: radix) else { return nil }
        return .unsigned(number)
    }

    private static func fraction(_ word: String) -> JSONValue? {
        let isNumber = word.utf8.allSatisfy {
            (48...57).contains($0) || [UInt8(ascii: "+"), 45, 46, 69, 101].contains($0)
        }
        guard isNumber, word.utf8.contains(where: { (48...57).contains($0) }), let number = Double(word) else {
            return nil
        }
        return .double(number)
    }
}
