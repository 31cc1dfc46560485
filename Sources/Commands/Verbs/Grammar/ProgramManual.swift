internal import JSON

/// The manual pages of a program that tells its own grammar, as those made with swift-argument-parser do.
///
/// Source: `PROGRAM --experimental-dump-help`, whose form is ArgumentParserToolInfo's.
enum ProgramManual {
    /// One page for each command.
    ///
    /// - Returns: nil if `dump` is no such description.
    static func pages(_ dump: JSONValue) -> [Manual.Page]? {
        guard let command = dump["command"], command["commandName"]?.stringValue != nil else { return nil }
        return pages(command, above: [])
    }

    private static func pages(_ command: JSONValue, above: [String]) -> [Manual.Page] {
        let words = above + [command["commandName"]?.stringValue ?? ""]
        let children = (command["subcommands"]?.arrayValue ?? []).filter {
            $0["commandName"]?.stringValue != "help" && $0["shouldDisplay"]?.boolValue != false
        }
        let name = words.joined(separator: "-")
        var text = Manual.head(name, sentence(command["abstract"]))
        let arguments = (command["arguments"]?.arrayValue ?? []).filter {
            $0["shouldDisplay"]?.boolValue != false && $0["valueName"]?.stringValue != "help"
        }
        let (positionals, options) = (arguments.filter(isPositional), arguments.filter { !isPositional($0) })
        let synopsis =
            (options.isEmpty ? "" : "[\\fIOPTIONS\\fR]")
            + positionals.map { " \\fI\(Manual.escaped($0["valueName"]?.stringValue ?? ""))\\fR" }.joined()
            + (children.isEmpty ? "" : " \\fICOMMAND\\fR")
        text += ".SH SYNOPSIS\n.B \(Manual.escaped(words.joined(separator: " ")))\n\(synopsis)\n"
        if let discussion = command["discussion"]?.stringValue, !discussion.isEmpty {
            text += ".SH DESCRIPTION\n" + lines(discussion)
        }
        if !arguments.isEmpty { text += ".SH OPTIONS\n" + (positionals + options).map(entry).joined() }
        if !children.isEmpty {
            text += ".SH COMMANDS\n"
            text += Manual.list(
                children.map { ($0["commandName"]?.stringValue ?? "", sentence($0["abstract"])) })
        }
        if !above.isEmpty { text += Manual.seeAlso(above) }
        return [(name + ".1", text)] + children.flatMap { pages($0, above: words) }
    }

    private static func isPositional(_ argument: JSONValue) -> Bool { argument["kind"] == "positional" }

    private static func entry(_ argument: JSONValue) -> String {
        let value = Manual.escaped(argument["valueName"]?.stringValue ?? "")
        let names = (argument["names"]?.arrayValue ?? []).map { name in
            let dashes = name["kind"] == "long" ? "\\-\\-" : "\\-"
            return "\\fB\(dashes)\(Manual.escaped(name["name"]?.stringValue ?? ""))\\fR"
        }
        let title =
            names.isEmpty
            ? "\\fI\(value)\\fR"
            : names.joined(separator: ", ") + (argument["kind"] == "flag" ? "" : " \\fI\(value)\\fR")
        return ".TP\n\(title)\n" + lines(argument["abstract"]?.stringValue ?? "")
    }

    private static func lines(_ text: String) -> String {
        text.split(separator: "\n").map { Manual.escaped(String($0)) + "\n" }.joined()
    }

    /// Without the full stop, which the page puts itself.
    private static func sentence(_ text: JSONValue?) -> String {
        let text = text?.stringValue ?? ""
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
