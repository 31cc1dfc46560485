/// A flag as help, completion and the manual see it, whoever owns it.
struct FlagLine {
    let long: String
    let short: Character?
    let placeholder: String?
    let help: String
    let completes: Completes

    init<Owner>(_ flag: Flag<Owner>) {
        (long, short, placeholder, help) = (flag.long, flag.short, flag.placeholder, flag.help)
        completes = flag.completes
    }

    /// The name with its value, as `-e, --env list`.
    var written: String {
        (short.map { "-\($0), " } ?? "    ") + "--\(long)" + (placeholder.map { " \($0)" } ?? "")
    }
}

extension Verb {
    /// Its flags in the order of their names.
    static var flagLines: [FlagLine] { flags.map { FlagLine($0) }.sorted { $0.long < $1.long } }
}

/// What `--help` prints.
enum Help {
    /// `path` is what was typed to get there, such as `pouch container run`.
    static func text(for type: any Verb.Type, path: String, width: Int = 80) -> String {
        let lines = flagLines(of: type)
        var text = "Usage:  \(usageLine(type, path: path))\n\n\(type.usage.summary)\n"
        if !lines.isEmpty { text += "\nOptions:\n" + columns(lines.map { ($0.written, $0.help) }, width: width) }
        return text
    }

    static func usageLine(_ type: any Verb.Type, path: String) -> String {
        [path, flagLines(of: type).isEmpty ? "" : "[OPTIONS]", type.usage.synopsis].filter { !$0.isEmpty }
            .joined(separator: " ")
    }

    static func flagLines(of type: any Verb.Type) -> [FlagLine] {
        func lines<Subject: Verb>(_ type: Subject.Type) -> [FlagLine] { type.flagLines }
        return lines(type)
    }

    static func text(forGroup name: String, summary: String, _ commands: [Command]) -> String {
        """
        Usage:  pouch \(name) COMMAND

        \(summary)

        Commands:
        \(columns(commands.map { ($0.name, $0.summary) }, width: 120))
        Run 'pouch \(name) COMMAND --help' for more information on a command.

        """
    }

    /// What `pouch` alone prints: the commands people use most, the groups, the rest.
    static func overview(_ commands: [Command]) -> String {
        let common = ["run", "exec", "ps", "images", "version", "info"]
        func isGroup(_ command: Command) -> Bool {
            if case .group = command { true } else { false }
        }
        let first = common.compactMap { name in commands.first { $0.name == name } }
        let groups = commands.filter { isGroup($0) }
        let others = commands.filter { !isGroup($0) && !common.contains($0.name) }
        func block(_ commands: [Command]) -> String { columns(commands.map { ($0.name, $0.summary) }, width: 120) }
        return """
            Usage:  pouch [OPTIONS] COMMAND

            Runs containers

            Common Commands:
            \(block(first))
            Management Commands:
            \(block(groups))
            Commands:
            \(block(others))
            Global Options:
            \(columns(GlobalOptions.flags.map { (FlagLine($0).written, $0.help) }, width: 100))
            Run 'pouch COMMAND --help' for more information on a command.

            """
    }

    /// Two columns, the second wrapped at words to stay within `width`.
    static func columns(_ rows: [(String, String)], width: Int) -> String {
        let left = (rows.map(\.0.count).max() ?? 0) + 3
        var text = ""
        for (name, help) in rows {
            var line = "  " + name + String(repeating: " ", count: left - name.count)
            let indent = String(repeating: " ", count: left + 2)
            for word in help.split(separator: " ") {
                if line.count + word.count > width, line.count > indent.count {
                    text += trimmed(line) + "\n"
                    line = indent
                }
                line += word + " "
            }
            text += trimmed(line) + "\n"
        }
        return text
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}
