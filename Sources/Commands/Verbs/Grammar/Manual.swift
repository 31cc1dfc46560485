internal import Glibc
internal import LinuxKernel

/// The manual pages, in the language of man(7).
enum Manual {
    /// A page's file name and its text.
    typealias Page = (name: String, text: String)

    static func pages(_ commands: [Command]) -> [Page] {
        [("pouch.1", overview(commands))] + pages(commands, path: ["pouch"])
    }

    private static func pages(_ commands: [Command], path: [String]) -> [Page] {
        commands.flatMap { command -> [Page] in
            let words = path + [command.name]
            switch command {
            case .verb(let type, _): return [(words.joined(separator: "-") + ".1", page(type, words))]
            case .group(_, let summary, let children):
                let name = words.joined(separator: "-")
                let text =
                    head(name, summary)
                    + ".SH SYNOPSIS\n.B \(escaped(words.joined(separator: " ")))\n.I COMMAND\n.SH COMMANDS\n"
                    + list(children.map { ($0.name, $0.summary) }) + seeAlso(path)
                return [(name + ".1", text)] + pages(children, path: words)
            }
        }
    }

    private static func overview(_ commands: [Command]) -> String {
        head("pouch", "run containers") + ".SH SYNOPSIS\n.B pouch\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR\n"
            + ".SH DESCRIPTION\nTalks to pouchd, which runs containers. Each command has a page of its own, such as\n"
            + ".BR pouch-run (1).\n.SH OPTIONS\n" + flags(GlobalOptions.flags.map { FlagLine($0) })
            + ".SH COMMANDS\n" + list(commands.map { ($0.name, $0.summary) })
            + ".SH ENVIRONMENT\n.TP\n.B POUCH_HOST\nThe daemon's socket, such as unix:///run/pouch/pouchd.sock.\n"
            + ".SH EXIT STATUS\n.B run\nand\n.B exec\nexit with the container's code; 125 means that pouch or pouchd failed, "
            + "126 that the command cannot\nbe run, 127 that it is not there. Other commands exit with 1 when something "
            + "failed.\n"
    }

    private static func page(_ type: any Verb.Type, _ words: [String]) -> String {
        let lines = Help.flagLines(of: type)
        let synopsis = (lines.isEmpty ? "" : "[\\fIOPTIONS\\fR] ") + escaped(type.usage.synopsis)
        var text = head(words.joined(separator: "-"), type.usage.summary)
        text += ".SH SYNOPSIS\n.B \(escaped(words.joined(separator: " ")))\n\(synopsis)\n"
        if !lines.isEmpty { text += ".SH OPTIONS\n" + flags(lines) }
        return text + seeAlso(Array(words.dropLast()))
    }

    static func head(_ name: String, _ summary: String) -> String {
        ".TH \"\(name.uppercased())\" 1 \"\" \"Pouch \(Pouch.version)\" \"Pouch Manual\"\n"
            + ".SH NAME\n\(escaped(name)) \\- \(escaped(summary))\n"
    }

    static func seeAlso(_ path: [String]) -> String {
        ".SH SEE ALSO\n.BR \(escaped(path.joined(separator: "-"))) (1)\n"
    }

    private static func flags(_ lines: [FlagLine]) -> String {
        lines.map { line in
            let short = line.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
            let value = line.placeholder.map { " \\fI\(escaped($0))\\fR" } ?? ""
            return ".TP\n\(short)\\fB\\-\\-\(escaped(line.long))\\fR\(value)\n\(escaped(line.help)).\n"
        }.joined()
    }

    static func list(_ rows: [(String, String)]) -> String {
        rows.map { ".TP\n.B \(escaped($0.0))\n\(escaped($0.1)).\n" }.joined()
    }

    /// Hyphens that are typed, and lines that would begin a request.
    static func escaped(_ text: String) -> String {
        let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
    }

    /// Writes pages into `folder`, which is made if it is missing.
    static func write(_ pages: [Page], to folder: String) throws(SyscallError) {
        if mkdir(folder, 0o755) != 0, errno != EEXIST { throw SyscallError("mkdir", errno: errno, subject: folder) }
        for page in pages {
            try WholeFile.replace("\(folder)/\(page.name)", with: Array(page.text.utf8), mode: 0o644)
        }
    }
}
