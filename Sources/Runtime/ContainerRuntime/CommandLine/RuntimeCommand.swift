internal import Glibc
internal import JSON
internal import LinuxKernel

/// The command line of `pouch-runtime`: one command, from its words to its exit code.
package struct RuntimeCommand {
    let globals: ParsedOptions
    let options: ParsedOptions
    let launcher: Launcher
    let log: RuntimeLog

    /// Does what `words` say, and gives the exit code.
    ///
    /// `others` are the commands that only pouchd gives; each gets the words behind its name.
    package static func run(_ words: [String], others: [String: ([String]) -> Int32]) -> Int32 {
        let globals: ParsedOptions
        do {
            globals = try OptionParser(CommandTable.globals, stopsAtFirstArgument: true).parse(words)
        } catch {
            return misused(error, "")
        }
        if globals.isOn("version") { return Output.print(HelpText.version + "\n") }
        guard let name = globals.arguments.first, name != "help", !globals.isOn("help") else {
            return Output.print(HelpText.overview)
        }
        guard let rule = CommandTable.commands.first(where: { $0.name == name }) else {
            return misused(UsageError("No help topic for '\(name)': there is no such command"), "")
        }
        let rest = Array(globals.arguments.dropFirst())
        if let other = others[name] {
            do { try ProtectedExecutable.ensure(arguments: CommandLine.arguments) } catch {
                Output.complain("pouch-runtime: \(error)\n")
                return 1
            }
            return other(rest)
        }
        return run(rule, rest, globals)
    }

    private static func run(_ rule: CommandRule, _ words: [String], _ globals: ParsedOptions) -> Int32 {
        let options: ParsedOptions
        do {
            options = try parse(rule, words)
        } catch {
            return misused(error, rule.name)
        }
        if options.isOn("help") { return Output.print(HelpText.page(rule)) }
        let log = RuntimeLog(
            file: globals["log"], isJSON: globals["log-format"] == "json",
            tellsMore: globals.isOn("debug") || globals["log-level"] == "debug")
        let command = RuntimeCommand(
            globals: globals, options: options, launcher: Launcher(store: StateStore(root: root(globals)), log: log),
            log: log)
        do {
            try command.checkGlobals()
            if ["create", "run", "exec"].contains(rule.name) {
                try ProtectedExecutable.ensure(arguments: CommandLine.arguments)
            }
            log.debug("\(rule.name) \(command.id): state in \(command.launcher.store.root)")
            return try command.perform(rule.name)
        } catch {
            log.error(error.description)
            return failureCode(of: rule.name, error)
        }
    }

    /// 1, but `run` tells like a shell what is wrong with the program, and `exec` says 255 as runc does, since any
    /// smaller number may be the program's.
    private static func failureCode(of command: String, _ error: RuntimeError) -> Int32 {
        switch command {
        case "exec": 255
        case "run" where error.exitCode != 125: error.exitCode
        default: 1
        }
    }

    private static func parse(_ rule: CommandRule, _ words: [String]) throws(UsageError) -> ParsedOptions {
        let parser = OptionParser(
            rule.options + [OptionRule("help", "h", help: "print this")],
            stopsAtFirstArgument: rule.stopsAtFirstArgument)
        let options = try parser.parse(words)
        guard options.isOn("help") || rule.counts.contains(options.arguments.count) else {
            throw UsageError("\(rule.name) takes \(rule.arguments.isEmpty ? "no arguments" : rule.arguments)")
        }
        return options
    }

    private static func root(_ globals: ParsedOptions) -> String {
        guard let root = globals["root"], !root.isEmpty else { return StateStore.defaultRoot }
        return absolute(root)
    }

    private static func misused(_ error: UsageError, _ command: String) -> Int32 {
        Output.complain(
            "pouch-runtime: \(error)\nTry `pouch-runtime \(command.isEmpty ? "" : command + " ")--help`.\n")
        return 1
    }

    private func checkGlobals() throws(RuntimeError) {
        if globals.isOn("systemd-cgroup") || globals["cgroup-manager"] == "systemd" {
            throw .unsupported(
                "there is no systemd driver for control groups yet: leave --systemd-cgroup out, or use cgroupfs")
        }
        if let keeper = globals["cgroup-manager"], keeper != "cgroupfs", keeper != "disabled" {
            throw .invalid("--cgroup-manager: \"\(keeper)\" is neither cgroupfs nor disabled")
        }
        if let format = globals["log-format"], format != "text", format != "json" {
            throw .invalid("--log-format: \"\(format)\" is neither text nor json")
        }
    }

    private func perform(_ name: String) throws(RuntimeError) -> Int32 {
        switch name {
        case "create": try create()
        case "run": return try run()
        case "start": try start()
        case "state": try printState()
        case "kill": try kill()
        case "delete": try forEach { id throws(RuntimeError) in try launcher.delete(id, force: options.isOn("force")) }
        case "exec": return try exec()
        case "list": try list()
        case "ps": try listProcesses()
        case "pause": try launcher.pause(id)
        case "resume": try launcher.resume(id)
        case "update": try update()
        case "events": try events()
        case "features": FeatureList.print()
        case "checkpoint", "restore":
            throw .unsupported("\(name) is refused: this runtime keeps no images of running processes")
        case "spec": try SpecTemplate.write(to: options["bundle"] ?? ".", rootless: options.isOn("rootless"))
        default: throw .unsupported("the command \(name) does not exist")
        }
        return 0
    }

    var id: String { options.arguments.first ?? "" }

    /// Calls `body` for the container of the first argument, or with `--regex` for each that it matches.
    func forEach(_ body: (String) throws(RuntimeError) -> Void) throws(RuntimeError) {
        guard options.isOn("regex") else { return try body(id) }
        var expression = regex_t()
        guard regcomp(&expression, id, REG_EXTENDED | REG_NOSUB) == 0 else {
            throw .invalid("--regex: \"\(id)\" is not a regular expression")
        }
        defer { regfree(&expression) }
        for id in launcher.store.all() where regexec(&expression, id, 0, nil, 0) == 0 { try body(id) }
    }

    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return MountPlan.clean(path) }
        let here = (try? Programs.workingDirectory()) ?? "/"
        return MountPlan.clean(here + "/" + path)
    }
}

/// Standard output and error without buffers.
enum Output {
    @discardableResult
    static func print(_ text: String) -> Int32 {
        writeAll(Array(text.utf8), to: 1) ? 0 : 1
    }

    static func print(_ json: JSONValue, _ style: JSONStyle = .compact) {
        print(String(decoding: json.encoded(style), as: UTF8.self) + "\n")
    }

    static func complain(_ text: String) {
        writeAll(Array(text.utf8), to: 2)
    }

    @discardableResult
    private static func writeAll(_ bytes: [UInt8], to number: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// A moment as RFC 3339 writes it, in UTC.
struct Timestamp {
    var seconds: Int64
    var nanoseconds: Int64

    init(nanoseconds: Int64) {
        seconds = nanoseconds / 1_000_000_000
        self.nanoseconds = nanoseconds % 1_000_000_000
    }

    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    var text: String {
        var clock = time_t(seconds)
        var parts = tm()
        gmtime_r(&clock, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let fraction = String(1_000_000_000 + nanoseconds).dropFirst()
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(fraction)Z"
    }
}
