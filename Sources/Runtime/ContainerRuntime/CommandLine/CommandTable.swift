/// One command of `pouch-runtime`, as its help shows it.
struct CommandRule {
    var name: String
    var arguments: String
    var summary: String
    var options: [OptionRule] = []
    /// `exec` hands everything behind the container to the program.
    var stopsAtFirstArgument = false
    /// How many arguments it takes.
    var counts: ClosedRange<Int> = 1...1
}

/// All commands and options: those of runc, with crun's additions.
enum CommandTable {
    static let globals: [OptionRule] = [
        OptionRule("root", value: "DIR", help: "where the state of containers is kept (\(StateStore.defaultRoot))"),
        OptionRule(
            "log", value: "FILE", help: "write errors and warnings there as well; what --debug tells, there only"),
        OptionRule("log-format", value: "text|json", help: "of the log file"),
        OptionRule("log-level", value: "LEVEL", help: "error, warning or debug"),
        OptionRule("debug", help: "tell each step"),
        OptionRule("cgroup-manager", value: "cgroupfs|disabled", help: "who keeps control groups (cgroupfs)"),
        OptionRule("systemd-cgroup", help: "refused: there is no systemd driver"),
        OptionRule("rootless", value: "true|false|auto", help: "taken for compatibility"),
        OptionRule("criu", value: "PATH", help: "taken for compatibility"),
        OptionRule("version", "v", help: "print the version"),
        OptionRule("help", "h", help: "print this"),
    ]

    private static let bundle = OptionRule("bundle", "b", value: "DIR", help: "the folder of config.json (.)")
    private static let config = OptionRule("config", "f", value: "FILE", help: "instead of config.json in the bundle")
    private static let consoleSocket = OptionRule(
        "console-socket", value: "PATH", help: "a Unix socket that gets the master of the terminal")
    private static let pidFile = OptionRule("pid-file", value: "FILE", help: "write the pid there")
    private static let regex = OptionRule("regex", "r", help: "CONTAINER is an expression that many may match")
    private static let preserved = OptionRule(
        "preserve-fds", value: "N", help: "pass N descriptors from 3 on (beside those of LISTEN_FDS)")
    private static let making: [OptionRule] = [
        bundle, config, consoleSocket, pidFile, preserved,
        OptionRule("no-pivot", help: "change the root without pivot_root(2)"),
        OptionRule("no-new-keyring", help: "keep the caller's session keyring"),
        OptionRule("no-subreaper", help: "taken for compatibility"),
    ]

    static let commands: [CommandRule] = [
        CommandRule(
            name: "create", arguments: "CONTAINER", summary: "make a container that waits to be started",
            options: making),
        CommandRule(name: "start", arguments: "CONTAINER", summary: "start the program of a created container"),
        CommandRule(name: "state", arguments: "CONTAINER", summary: "print the state of a container"),
        CommandRule(
            name: "kill", arguments: "CONTAINER [SIGNAL]", summary: "send a signal (TERM) to a container",
            options: [OptionRule("all", "a", help: "to all processes of the container"), regex], counts: 1...2),
        CommandRule(
            name: "delete", arguments: "CONTAINER", summary: "remove what a stopped container left behind",
            options: [OptionRule("force", "f", help: "kill it when it runs; no error when there is none"), regex]),
        CommandRule(
            name: "run", arguments: "CONTAINER", summary: "create and start a container",
            options: making + [
                OptionRule("detach", "d", help: "come back once the program runs"),
                OptionRule("keep", help: "do not delete the container when it ends"),
            ]),
        CommandRule(
            name: "exec", arguments: "CONTAINER COMMAND [ARG...]", summary: "run a further process in a container",
            options: execOptions, stopsAtFirstArgument: true, counts: 1...Int.max),
        CommandRule(
            name: "list", arguments: "", summary: "list containers",
            options: [
                OptionRule("format", "f", value: "table|json", help: "of the output (table)"),
                OptionRule("quiet", "q", help: "names only"),
            ], counts: 0...0),
        CommandRule(
            name: "ps", arguments: "CONTAINER [PS OPTION...]", summary: "list the processes of a container",
            options: [OptionRule("format", "f", value: "table|json", help: "of the output (table)")],
            stopsAtFirstArgument: true, counts: 1...Int.max),
        CommandRule(name: "pause", arguments: "CONTAINER", summary: "freeze all processes of a container"),
        CommandRule(name: "resume", arguments: "CONTAINER", summary: "let a paused container go on"),
        CommandRule(
            name: "update", arguments: "CONTAINER", summary: "change the limits of a container",
            options: updateOptions),
        CommandRule(
            name: "events", arguments: "CONTAINER", summary: "print figures and out-of-memory notices as they come",
            options: [
                OptionRule("stats", help: "print the figures once"),
                OptionRule("interval", value: "DURATION", help: "between figures (5s)"),
            ]),
        CommandRule(name: "features", arguments: "", summary: "print what this runtime can do", counts: 0...0),
        CommandRule(
            name: "spec", arguments: "", summary: "write a config.json to start from",
            options: [bundle, OptionRule("rootless", help: "for a user without privileges")], counts: 0...0),
        CommandRule(
            name: "checkpoint", arguments: "CONTAINER", summary: "refused: there are no images of running processes",
            options: imageOptions),
        CommandRule(
            name: "restore", arguments: "CONTAINER", summary: "refused: there are no images of running processes",
            options: imageOptions + [bundle]),
        CommandRule(
            name: "shim", arguments: "", summary: "stand beside one container (for pouchd)", counts: 0...Int.max),
        CommandRule(
            name: "nursery", arguments: "", summary: "give birth to shims (for pouchd)", counts: 0...Int.max),
    ]

    private static let imageOptions: [OptionRule] = [
        OptionRule("image-path", value: "DIR", help: "where the image would be"),
        OptionRule("work-path", value: "DIR", help: "where its log would be"),
    ]

    private static let execOptions: [OptionRule] = [
        OptionRule("process", "p", value: "FILE", help: "the process as JSON, instead of a command"),
        OptionRule("tty", "t", help: "give it a terminal"),
        OptionRule("user", "u", value: "UID[:GID]", help: "whom it runs as"),
        OptionRule("env", "e", value: "NAME=VALUE", help: "a variable; may be given again"),
        OptionRule("cwd", value: "DIR", help: "its working directory"),
        OptionRule("cap", "c", value: "CAP", help: "a capability to add; may be given again"),
        OptionRule("detach", "d", help: "come back once it runs"),
        pidFile, consoleSocket, preserved,
        OptionRule("additional-gids", "g", value: "GID", help: "a further group; may be given again"),
        OptionRule("no-new-privs", help: "set no_new_privs"),
        OptionRule("apparmor", value: "PROFILE", help: "an AppArmor profile"),
        OptionRule("process-label", value: "LABEL", help: "an SELinux label"),
        OptionRule(
            "cgroup", value: "[CONTROLLER,...:]PATH", help: "a group below the container's; may be given again"),
        OptionRule("ignore-paused", help: "allow it in a paused container"),
        OptionRule("no-subreaper", help: "taken for compatibility"),
    ]

    private static let updateOptions: [OptionRule] = [
        OptionRule("resources", "r", value: "FILE", help: "the limits as JSON; - reads standard input"),
        OptionRule("blkio-weight", value: "N", help: "from 10 to 1000"),
        OptionRule("cpu-period", value: "MICROSECONDS", help: "of the quota"),
        OptionRule("cpu-quota", value: "MICROSECONDS", help: "of processor time in each period"),
        OptionRule("cpu-burst", value: "MICROSECONDS", help: "that may be saved up"),
        OptionRule("cpu-share", "cpu-shares", value: "N", help: "weight against other groups"),
        OptionRule("cpu-rt-period", value: "MICROSECONDS", help: "of the realtime quota"),
        OptionRule("cpu-rt-runtime", value: "MICROSECONDS", help: "of realtime in each period"),
        OptionRule("cpuset-cpus", value: "LIST", help: "processors to run on"),
        OptionRule("cpuset-mems", value: "LIST", help: "memory nodes to use"),
        OptionRule("cpu-idle", value: "0|1", help: "run only when nobody else wants to"),
        OptionRule("kernel-memory", value: "BYTES", help: "hard limit of kernel memory"),
        OptionRule("kernel-memory-tcp", value: "BYTES", help: "hard limit of TCP buffers"),
        OptionRule("memory", value: "BYTES", help: "hard limit"),
        OptionRule("memory-reservation", value: "BYTES", help: "soft limit"),
        OptionRule("memory-swap", value: "BYTES", help: "hard limit of memory and swap together; -1 is none"),
        OptionRule("pids-limit", value: "N", help: "most processes and threads; -1 is none"),
        OptionRule("l3-cache-schema", value: "TEXT", help: "of Intel RDT"),
        OptionRule("mem-bw-schema", value: "TEXT", help: "of Intel RDT"),
    ]
}
