/// Why a command line cannot be read.
enum UsageError: Error, Equatable {
    /// `nearest` is a flag that might have been meant.
    case unknownFlag(String, nearest: String?)
    case unknownShort(Character, in: String)
    case missingValue(flag: String)
    case badValue(String, flag: String, reason: String)
    case operands(String)
    case unknownCommand(String, nearest: String?)
    /// `--help` was there: not an error, but nothing else counts.
    case help
}

extension UsageError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unknownFlag(let flag, let nearest):
            "unknown flag: \(flag)" + (nearest.map { "; did you mean --\($0)?" } ?? "")
        case .unknownShort(let flag, let word): "unknown shorthand flag: '\(flag)' in \(word)"
        case .missingValue(let flag): "flag needs an argument: \(flag)"
        case .badValue(let value, let flag, let reason): "invalid argument \"\(value)\" for \"\(flag)\": \(reason)"
        case .operands(let text): text
        case .unknownCommand(let command, let nearest):
            "'\(command)' is not a command" + (nearest.map { "; did you mean '\($0)'?" } ?? "")
        case .help: ""
        }
    }
}

/// Reads a command line in the grammar that docker's users know.
///
/// `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, clusters such as `-itd`, switches as `--rm=false`; `--`
/// ends the flags. When `stopsAtOperand`, the first word that is no flag ends them too, so that what follows an image belongs
/// to the container. Pure.
///
/// Source: github.com/spf13/pflag, "Command line flag syntax".
struct FlagParser<Owner> {
    let flags: [Flag<Owner>]
    var stopsAtOperand = false

    /// Fills `owner` and gives the words that are no flags.
    func parse(_ words: ArraySlice<String>, into owner: inout Owner) throws(UsageError) -> [String] {
        var operands: [String] = []
        var rest = words
        while let word = rest.popFirst() {
            if word == "--" { return operands + rest }
            if word.hasPrefix("--") {
                try parseLong(word, &rest, &owner)
            } else if word.hasPrefix("-"), word != "-" {
                try parseShort(word, &rest, &owner)
            } else {
                operands.append(word)
                if stopsAtOperand { return operands + rest }
            }
        }
        return operands
    }

    private func parseLong(
        _ word: String, _ rest: inout ArraySlice<String>, _ owner: inout Owner
    ) throws(UsageError) {
        let body = word.dropFirst(2)
        let equals = body.firstIndex(of: "=")
        let name = String(equals.map { body[..<$0] } ?? body)
        guard let flag = flags.first(where: { $0.long == name || $0.aliases.contains(name) }) else {
            if name == "help" { throw .help }
            throw .unknownFlag("--\(name)", nearest: nearest(name, in: flags.map(\.long)))
        }
        let value: String
        if let equals {
            value = String(body[body.index(after: equals)...])
        } else if flag.placeholder == nil {
            value = "true"
        } else {
            guard let next = rest.popFirst() else { throw .missingValue(flag: "--\(name)") }
            value = next
        }
        try apply(flag, value, as: "--\(name)", &owner)
    }

    private func parseShort(
        _ word: String, _ rest: inout ArraySlice<String>, _ owner: inout Owner
    ) throws(UsageError) {
        var cluster = word.dropFirst()
        while let letter = cluster.popFirst() {
            guard let flag = flags.first(where: { $0.short == letter }) else {
                if letter == "h" { throw .help }
                throw .unknownShort(letter, in: word)
            }
            if flag.placeholder == nil, cluster.first != "=" {
                try apply(flag, "true", as: "-\(letter)", &owner)
                continue
            }
            if cluster.first == "=" { cluster = cluster.dropFirst() }
            if !cluster.isEmpty || word.last == "=" {
                return try apply(flag, String(cluster), as: "-\(letter)", &owner)
            }
            guard let next = rest.popFirst() else { throw .missingValue(flag: "'\(letter)' in \(word)") }
            return try apply(flag, next, as: "-\(letter)", &owner)
        }
    }

    private func apply(_ flag: Flag<Owner>, _ value: String, as name: String, _ owner: inout Owner) throws(UsageError) {
        do throws(FlagError) {
            try flag.apply(&owner, value)
        } catch {
            throw .badValue(value, flag: name, reason: error.reason)
        }
    }
}
