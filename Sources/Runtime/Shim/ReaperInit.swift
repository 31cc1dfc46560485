internal import CLinux
internal import Glibc
internal import LinuxKernel

/// `pouch-runtime init`: the first process of a container that asked for one (`--init`).
///
/// Starts the container's program, passes signals on to it, reaps whatever is orphaned, and ends as the program ends. It runs under the
/// container's own filter and capabilities, so it uses nothing that the default profile refuses (clone3 among it).
package enum ReaperInit {
    /// - Parameter words: `[--] PROGRAM [ARGUMENT ...]`.
    /// - Returns: The program's exit code, 128 + n after signal n, 126 or 127 when it could not be started.
    package static func run(_ words: [String]) -> Int32 {
        let command = words.first == "--" ? Array(words.dropFirst()) : words
        guard let program = command.first else {
            Console.say("usage: pouch-runtime init -- PROGRAM [ARGUMENT ...]")
            return 2
        }
        // A blocked signal waits for us even where a first process would have it ignored.
        var all = sigset_t()
        sigfillset(&all)
        sigprocmask(SIG_BLOCK, &all, nil)
        let arguments = CStringArray(command)
        let streams = (Int32(0)...2).map { clinux_spawn_descriptor(from: $0, to: $0) }
        let child = clinux_spawn(program, arguments.pointers, environ, nil, 0, streams, streams.count)
        guard child > 0 else {
            let reason = SyscallError("exec", errno: -child, subject: program)
            Console.say("\(reason)")
            return -child == ENOENT ? 127 : 126
        }
        return serve(child, &all)
    }

    private static func serve(_ child: Int32, _ signals: inout sigset_t) -> Int32 {
        while true {
            var cause = siginfo_t()
            let number = sigwaitinfo(&signals, &cause)
            if number == SIGCHLD {
                if let end = reap(child) { return end.shellCode }
            } else if number > 0, cause.si_code != Int32(SI_KERNEL) {
                // What the terminal sends it has sent to the program as well.
                _ = clinux_kill(child, number)
            }
        }
    }

    /// Takes every process that has ended; says how `child` did, if it is among them.
    private static func reap(_ child: Int32) -> ProcessEnd? {
        while let ended = try? Processes.waitForAny(blocking: false) {
            if ended.pid == child { return ended.end }
        }
        return nil
    }
}
