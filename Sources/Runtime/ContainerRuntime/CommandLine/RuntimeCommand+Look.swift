internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

extension RuntimeCommand {
    /// Does `state`.
    func printState() throws(RuntimeError) {
        let (state, status) = try launcher.status(of: id)
        Output.print(.object(Self.described(state, status)), .pretty)
    }

    /// The specification's state with what runc and crun add to it.
    private static func described(_ state: ContainerState, _ status: RuntimeSpec.Status) -> JSONObject {
        var json = JSONObject()
        json["ociVersion"] = .string(state.ociVersion)
        json["id"] = .string(state.id)
        json["pid"] = .integer(status == .stopped ? 0 : Int64(state.pid))
        json["status"] = .string(status.rawValue)
        json["bundle"] = .string(state.bundle)
        json["rootfs"] = .string(state.rootfs)
        json["created"] = .string(Timestamp(nanoseconds: state.created).text)
        if !state.annotations.isEmpty { json["annotations"] = state.annotations.json }
        json["owner"] = .string(owner(state.owner))
        return json
    }

    private static func owner(_ user: UInt32) -> String {
        guard let bytes = try? WholeFile.read("/etc/passwd") else { return "#\(user)" }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            if fields.count > 2, String(decoding: fields[2], as: UTF8.self) == "\(user)" {
                return String(decoding: fields[0], as: UTF8.self)
            }
        }
        return "#\(user)"
    }

    /// Does `list`.
    func list() throws(RuntimeError) {
        var rows: [JSONObject] = []
        for id in launcher.store.all() {
            // One that goes away meanwhile is not listed.
            guard let (state, status) = try? launcher.status(of: id) else { continue }
            rows.append(Self.described(state, status))
        }
        if options.isOn("quiet") {
            for row in rows { Output.print((row["id"]?.stringValue ?? "") + "\n") }
            return
        }
        switch options["format"] ?? "table" {
        case "json": Output.print(.array(rows.map { .object($0) }))
        case "table":
            let columns = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
            let keys = ["id", "pid", "status", "bundle", "created", "owner"]
            Output.print(
                Table.text(
                    [columns]
                        + rows.map { row in
                            keys.map { row[$0]?.stringValue ?? row[$0]?.intValue.map { "\($0)" } ?? "" }
                        }))
        case let format: throw .invalid("--format: \"\(format)\" is neither table nor json")
        }
    }

    /// Does `ps` with the host's ps(1), without the lines of others.
    func listProcesses() throws(RuntimeError) {
        let pids = try launcher.processes(of: id).sorted()
        switch options["format"] ?? "table" {
        case "json": Output.print(.array(pids.map { .integer(Int64($0)) }))
        case "table":
            let words = options.arguments.dropFirst()
            let text = try ProgramOutput.of(["ps"] + (words.isEmpty ? ["-ef"] : Array(words)))
            let lines = text.split(separator: "\n")
            guard let head = lines.first else { return }
            let titles = head.split(separator: " ")
            guard let column = titles.firstIndex(of: "PID") else { throw .invalid("ps gave no column PID") }
            let wanted = Set(pids.map { "\($0)" })
            let own = lines.dropFirst().filter { line in
                let fields = line.split(separator: " ")
                return fields.count > column && wanted.contains(String(fields[column]))
            }
            Output.print(([head] + own).joined(separator: "\n") + "\n")
        case let format: throw .invalid("--format: \"\(format)\" is neither table nor json")
        }
    }

    /// Does `kill`.
    func kill() throws(RuntimeError) {
        let name = options.arguments.count > 1 ? options.arguments[1] : "TERM"
        guard let signal = Signals.number(name) else { throw .invalid("unknown signal \"\(name)\"") }
        try forEach { id throws(RuntimeError) in try launcher.kill(id, signal, all: options.isOn("all")) }
    }
}

/// Columns of text, each as wide as its longest cell.
enum Table {
    static func text(_ rows: [[String]]) -> String {
        guard let first = rows.first else { return "" }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += column == row.count - 1 ? cell : HelpText.padded(cell, widths[column] + 3)
            }
            return line + "\n"
        }.joined()
    }
}

/// Signals by name.
enum Signals {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]

    /// Of `TERM`, `SIGTERM`, `sigterm`, `15` or `RTMIN+3`.
    static func number(_ text: String) -> Int32? {
        if let number = Int32(text) { return (0...64).contains(number) ? number : nil }
        var name = text.uppercased()[...]
        if name.hasPrefix("SIG") { name = name.dropFirst(3) }
        if let index = names.firstIndex(of: String(name)) { return Int32(index) + 1 }
        switch name {
        case "POLL": return 29
        case "CLD": return 17
        case "IOT": return 6
        case "RTMIN": return 34
        case "RTMAX": return 64
        default: break
        }
        if name.hasPrefix("RTMIN+"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) {
            return 34 + offset
        }
        if name.hasPrefix("RTMAX-"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) {
            return 64 - offset
        }
        return nil
    }
}

/// What another program of the host prints.
enum ProgramOutput {
    static func of(_ words: [String]) throws(RuntimeError) -> String {
        try step("run \(words.joined(separator: " "))") { () throws(SyscallError) in
            var two: [Int32] = [-1, -1]
            try check("pipe") { pipe(&two) }
            let reader = Descriptor(owning: two[0])
            let writer = Descriptor(owning: two[1])
            let arguments = CStringArray(words)
            let environment = CStringArray(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
            guard let child = try Processes.clone() else {
                try? Programs.place(writer.raw, at: 1)
                for folder in ["/usr/bin", "/bin", "/usr/local/bin"] {
                    try? Programs.execute("\(folder)/\(words[0])", arguments, environment)
                }
                Processes.exitNow(127)
            }
            close(writer)
            let text = String(decoding: try reader.readToEnd(), as: UTF8.self)
            _ = try Processes.wait(pidfd: child.pidfd.raw)
            return text
        }
    }

    private static func close(_ descriptor: consuming Descriptor) {}
}
