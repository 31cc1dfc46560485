/// One option that a command takes.
package struct OptionRule: Sendable {
    /// Without dashes; one letter is a short name, and the first is how the code calls it.
    package var names: [String]
    /// What the value is called in the help; `nil` for a switch.
    package var value: String?
    package var help: String

    package init(_ names: String..., value: String? = nil, help: String) {
        self.names = names
        self.value = value
        self.help = help
    }
}

/// What a command line said.
package struct ParsedOptions: Equatable, Sendable {
    package var values: [String: [String]] = [:]
    package var arguments: [String] = []

    /// The last value of an option.
    package subscript(_ name: String) -> String? { values[name]?.last }

    package func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether a switch is on; `--name=false` turns it off again.
    package func isOn(_ name: String) -> Bool {
        guard let last = values[name]?.last else { return false }
        return last != "false" && last != "0"
    }
}

/// Why a command line is not one; the text names what is wrong.
package struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Reads options as runc's and crun's users write them: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-ab`.
///
/// What no rule knows is refused by its name, never passed over.
package struct OptionParser: Sendable {
    private let rules: [OptionRule]
    /// The first argument ends the options: what follows belongs to somebody else.
    private let stopsAtFirstArgument: Bool

    package init(_ rules: [OptionRule], stopsAtFirstArgument: Bool) {
        self.rules = rules
        self.stopsAtFirstArgument = stopsAtFirstArgument
    }

    /// - Throws: ``UsageError``.
    package func parse(_ words: [String]) throws(UsageError) -> ParsedOptions {
        var parsed = ParsedOptions()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                parsed.arguments += rest
                return parsed
            }
            guard word.hasPrefix("-"), word.utf8.count > 1 else {
                parsed.arguments.append(word)
                if stopsAtFirstArgument {
                    parsed.arguments += rest
                    return parsed
                }
                continue
            }
            if word.hasPrefix("--") || isLongWithOneDash(word) {
                try readLong(word, &rest, &parsed)
            } else {
                try readShort(word, &rest, &parsed)
            }
        }
        return parsed
    }

    /// Go's flag package takes one dash for two, and its users have scripts.
    private func isLongWithOneDash(_ word: String) -> Bool {
        let name = word.dropFirst().prefix { $0 != "=" }
        return name.utf8.count > 1 && rule(String(name)) != nil
    }

    private func rule(_ name: String) -> OptionRule? { rules.first { $0.names.contains(name) } }

    private func readLong(
        _ word: String, _ rest: inout ArraySlice<String>, _ parsed: inout ParsedOptions
    ) throws(UsageError) {
        let body = word.drop { $0 == "-" }
        let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        guard let rule = rule(name), name.utf8.count > 1 || !word.hasPrefix("--") else {
            throw UsageError("unknown option \(word.prefix { $0 != "=" })")
        }
        let key = rule.names[0]
        if parts.count > 1 {
            parsed.values[key, default: []].append(String(parts[1]))
        } else if rule.value == nil {
            parsed.values[key, default: []].append("true")
        } else {
            guard let value = rest.popFirst() else { throw UsageError("option \(word) needs a value") }
            parsed.values[key, default: []].append(value)
        }
    }

    private func readShort(
        _ word: String, _ rest: inout ArraySlice<String>, _ parsed: inout ParsedOptions
    ) throws(UsageError) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let rule = rule(String(letter)) else { throw UsageError("unknown option -\(letter) in \(word)") }
            let key = rule.names[0]
            guard rule.value != nil else {
                if letters.first == "=" {
                    parsed.values[key, default: []].append(String(letters.dropFirst()))
                    return
                }
                parsed.values[key, default: []].append("true")
                continue
            }
            if letters.isEmpty {
                guard let value = rest.popFirst() else { throw UsageError("option -\(letter) needs a value") }
                parsed.values[key, default: []].append(value)
            } else {
                parsed.values[key, default: []].append(String(letters.first == "=" ? letters.dropFirst() : letters))
            }
            return
        }
    }
}
