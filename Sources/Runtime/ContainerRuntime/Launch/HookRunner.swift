internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
package import RuntimeSpec

/// Runs hooks one after the other, each with the container's state on its standard input.
///
/// Source: runtime-spec 1.2, config.md, "POSIX-platform Hooks".
package enum HookRunner {
    /// `confine` is called in each hook's own process, as the last thing before its program.
    ///
    /// - Throws: ``RuntimeError/hook(kind:path:why:)`` for the first that fails or takes longer than its timeout.
    package static func run(
        _ hooks: [RuntimeSpec.Hook]?, kind: String, state: RuntimeSpec.State, directory: String? = nil,
        confine: () throws(RuntimeError) -> Void = {}
    ) throws(RuntimeError) {
        for hook in hooks ?? [] {
            func fail(_ why: String) -> RuntimeError { .hook(kind: kind, path: hook.path, why: why) }
            do {
                let end = try run(hook, input: state.json.encoded(), directory: directory, confine)
                switch end {
                case .exited(0)?: continue
                case .exited(let code)?: throw fail("ended with code \(code)")
                case .killed(let signal, _)?: throw fail("was killed by signal \(signal), \(Self.meaning(of: signal))")
                case nil: throw fail("took longer than its timeout of \(hook.timeout ?? 0) s")
                }
            } catch let error as SyscallError {
                throw fail(error.description)
            } catch let error as RuntimeError {
                throw error
            } catch {
                throw fail("failed")
            }
        }
    }

    private static func meaning(of signal: Int32) -> String {
        String(cString: strsignal(signal)).lowercased()
    }

    /// Runs one to its end; `nil` when it had to be killed.
    private static func run(
        _ hook: RuntimeSpec.Hook, input: [UInt8], directory: String?, _ confine: () throws(RuntimeError) -> Void
    ) throws(SyscallError) -> ProcessEnd? {
        let state = try sealedState(input)
        let arguments = CStringArray(hook.args.flatMap { $0.isEmpty ? nil : $0 } ?? [hook.path])
        let environment = CStringArray(hook.env ?? Programs.environment())
        guard let child = try Processes.clone() else {
            Processes.resetSignals()
            _ = setpgid(0, 0)
            if let directory { try? Programs.changeDirectory(directory) }
            try? Programs.place(state.raw, at: 0)
            try? Programs.closeDescriptors(from: 3, onExecute: true)
            do {
                try confine()
                try Programs.execute(hook.path, arguments, environment)
            } catch {
                let message = "\(hook.path): \((error as? SyscallError)?.reason ?? "\(error)")\n"
                _ = write(2, message, message.utf8.count)
            }
            Processes.exitNow(127)
        }
        let seconds = hook.timeout ?? 0
        if seconds > 0, !(try waited(child.pidfd.raw, seconds: seconds)) {
            // Its own children too: a hook is often a script.
            try? Processes.signal(pid: -child.pid, SIGKILL)
            try? Processes.signal(pidfd: child.pidfd.raw, SIGKILL)
            _ = try Processes.wait(pidfd: child.pidfd.raw)
            return nil
        }
        return try Processes.wait(pidfd: child.pidfd.raw)
    }

    /// The state as a file that can be read to its end by any number of readers, and holds any length.
    private static func sealedState(_ bytes: [UInt8]) throws(SyscallError) -> Descriptor {
        let file = Descriptor(owning: try checkNegative("memfd_create") { clinux_memfd_create("state", 1) })
        try file.writeAll(bytes)
        let number = file.raw
        try check("lseek") { lseek(number, 0, SEEK_SET) }
        return file
    }

    private static func waited(_ pidfd: Int32, seconds: Int) throws(SyscallError) -> Bool {
        var one = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue)
        return try check("poll") { poll(&one, 1, milliseconds) } > 0
    }
}
