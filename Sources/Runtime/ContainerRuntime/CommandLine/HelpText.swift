/// The help pages.
enum HelpText {
    /// Engines read the number behind "version", scripts the name of the program that this one stands in for.
    static let version = """
        pouch-runtime, in place of runc version 0.1.0
        commit: 0.1.0
        spec: 1.2.1
        +SECCOMP +CAP +APPARMOR +SELINUX +EBPF +SYSTEMD-NOTIFY
        """

    static var overview: String {
        var text = """
            NAME:
               pouch-runtime, in place of runc - Open Container Initiative runtime

            Usage: pouch-runtime [OPTION...] COMMAND [OPTION...] [ARGUMENT...]

            Commands:

            """
        for command in CommandTable.commands { text += "  \(padded(command.name, 12))\(command.summary)\n" }
        text += "\nOptions:\n" + options(CommandTable.globals)
        return text + "\n`pouch-runtime COMMAND --help` tells more about one command.\n"
    }

    static func page(_ command: CommandRule) -> String {
        var text = "NAME:\n   pouch-runtime \(command.name), in place of runc \(command.name) - \(command.summary)\n"
        text += "\nUsage: pouch-runtime \(command.name)"
        if !command.options.isEmpty { text += " [OPTION...]" }
        if !command.arguments.isEmpty { text += " \(command.arguments)" }
        text += "\n"
        if !command.options.isEmpty { text += "\nOptions:\n" + options(command.options) }
        return text
    }

    private static func options(_ rules: [OptionRule]) -> String {
        rules.map { rule in
            let names = rule.names.reversed().map { ($0.utf8.count == 1 ? "-" : "--") + $0 }.joined(separator: ", ")
            return "  \(padded(names + (rule.value.map { " \($0)" } ?? ""), 34))\(rule.help)\n"
        }.joined()
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
