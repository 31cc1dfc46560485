/// One flag of a verb: how it is written, what it means, where its value goes.
///
/// The one description that parsing, help, completion and the manual share. `Owner` is the value that a verb's flags fill.
struct Flag<Owner> {
    let long: String
    var short: Character?
    /// Other names that are accepted and not shown.
    var aliases: [String] = []
    /// What stands for the value in help; `nil` for a switch, which may still be written `--switch=false`.
    let placeholder: String?
    let help: String
    /// What the shell offers as values.
    var completes = Completes.nothing
    let apply: (inout Owner, String) throws(FlagError) -> Void

    /// The same flag of a verb that holds the `Owner` as one of its parts.
    func lifted<Verb>(_ part: WritableKeyPath<Verb, Owner>) -> Flag<Verb> {
        let apply = apply
        return Flag<Verb>(
            long: long, short: short, aliases: aliases, placeholder: placeholder, help: help, completes: completes
        ) { (verb, text) throws(FlagError) in
            try apply(&verb[keyPath: part], text)
        }
    }

    /// The same flag, whose values the shell completes.
    func completing(_ kind: Completes) -> Flag {
        var copy = self
        copy.completes = kind
        return copy
    }

    func aliased(_ names: String...) -> Flag {
        var copy = self
        copy.aliases = names
        return copy
    }
}

/// Why a flag does not take a value; the parser adds which flag it is.
struct FlagError: Error, Equatable {
    var reason: String
}

/// What the shell may offer at some place.
enum Completes: Equatable, Sendable {
    case nothing
    case files
    case choices([String])
    case containers
    case runningContainers
    case images
    case volumes
    case networks
}

extension Flag {
    /// A switch; a fixed value when it counts as absent otherwise.
    static func toggle(
        _ long: String, short: Character? = nil, _ help: String, _ path: WritableKeyPath<Owner, Bool>
    ) -> Flag {
        Flag(long: long, short: short, placeholder: nil, help: help) { (owner, text) throws(FlagError) in
            owner[keyPath: path] = try boolean(text)
        }
    }

    static func text(
        _ long: String, short: Character? = nil, _ help: String, as placeholder: String = "string",
        _ path: WritableKeyPath<Owner, String?>
    ) -> Flag {
        Flag(long: long, short: short, placeholder: placeholder, help: help) { owner, text in
            owner[keyPath: path] = text
        }
    }

    /// A flag that may stand several times.
    static func list(
        _ long: String, short: Character? = nil, _ help: String, as placeholder: String = "list",
        _ path: WritableKeyPath<Owner, [String]>
    ) -> Flag {
        Flag(long: long, short: short, placeholder: placeholder, help: help) { owner, text in
            owner[keyPath: path].append(text)
        }
    }

    static func number(
        _ long: String, short: Character? = nil, _ help: String, as placeholder: String = "int",
        _ path: WritableKeyPath<Owner, Int64?>
    ) -> Flag {
        Flag(long: long, short: short, placeholder: placeholder, help: help) { (owner, text) throws(FlagError) in
            guard let number = Int64(text) else { throw FlagError(reason: "expected a whole number") }
            owner[keyPath: path] = number
        }
    }

    /// A number of bytes such as `512`, `64k`, `1.5g`; `-1` where that means without limit.
    static func bytes(
        _ long: String, short: Character? = nil, _ help: String, _ path: WritableKeyPath<Owner, Int64?>
    ) -> Flag {
        Flag(long: long, short: short, placeholder: "bytes", help: help) { (owner, text) throws(FlagError) in
            owner[keyPath: path] = text == "-1" ? -1 : try parsedBytes(text)
        }
    }

    /// A span of time such as `1m30s`, kept in nanoseconds.
    static func duration(
        _ long: String, _ help: String, _ path: WritableKeyPath<Owner, Int64?>
    ) -> Flag {
        Flag(long: long, placeholder: "duration", help: help) { (owner, text) throws(FlagError) in
            owner[keyPath: path] = try parsedDuration(text)
        }
    }

    /// A flag of docker's that is understood and refused.
    static func refused(_ long: String, _ placeholder: String?, _ help: String, because reason: String) -> Flag {
        Flag(long: long, placeholder: placeholder, help: help) { (_, text) throws(FlagError) in
            throw FlagError(reason: reason)
        }
    }

    /// A flag of docker's that means nothing here and does no harm.
    static func ignored(_ long: String, short: Character? = nil, _ placeholder: String?, _ help: String) -> Flag {
        Flag(long: long, short: short, placeholder: placeholder, help: help) { _, _ in }
    }
}

/// Reads what Go's ParseBool accepts.
func boolean(_ text: String) throws(FlagError) -> Bool {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": return true
    case "0", "f", "F", "false", "FALSE", "False": return false
    default: throw FlagError(reason: "expected true or false")
    }
}
