internal import CLinux
internal import Glibc

/// How a process ended.
package enum ProcessEnd: Hashable, Sendable {
    case exited(code: Int32)
    case killed(signal: Int32, dumpedCore: Bool)

    /// As a shell gives it: the code, or 128 and the signal's number.
    package var shellCode: Int32 {
        switch self {
        case .exited(let code): code
        case .killed(let signal, _): 128 + signal
        }
    }
}

/// What clone3(2) gave the parent.
package struct Child: ~Copyable {
    package let pid: Int32
    package let pidfd: Descriptor

    package init(pid: Int32, pidfd: consuming Descriptor) {
        self.pid = pid
        self.pidfd = pidfd
    }

    /// The pidfd alone, for an owner that knows the pid.
    package consuming func takeDescriptor() -> Descriptor {
        pidfd
    }
}

/// Starting, signalling and awaiting processes.
package enum Processes {
    /// Copies the calling process into new namespaces; gives `nil` in the copy.
    ///
    /// For single-threaded processes only: a lock that another thread holds stays held in the copy.
    /// `cgroup`, an open cgroup v2 directory, is where the copy is born. `asSibling` makes it a child of our parent.
    ///
    /// - Throws: `ENOSYS` before Linux 5.7, `ENOSPC` when a namespace limit is reached, `EPERM`, `EAGAIN`.
    ///
    /// Source: clone3(2), CLONE_INTO_CGROUP.
    package static func clone(
        into namespaces: Namespaces = [], cgroup: Int32? = nil, asSibling: Bool = false
    ) throws(SyscallError) -> Child? {
        var pidfd: Int32 = -1
        let pid = try withUnsafeMutablePointer(to: &pidfd) { (place) throws(SyscallError) -> Int32 in
            var args = clinux_clone_args()
            args.flags = namespaces.rawValue | 0x1000  // CLONE_PIDFD
            args.pidfd = UInt64(UInt(bitPattern: place))
            args.exit_signal = UInt64(SIGCHLD)
            if let cgroup {
                args.flags |= 0x2_0000_0000  // CLONE_INTO_CGROUP
                args.cgroup = UInt64(cgroup)
            }
            if asSibling {
                args.flags |= 0x8000  // CLONE_PARENT, which takes our own exit signal
                args.exit_signal = 0
            }
            return try checkNegative("clone3") { clinux_clone3(&args) }
        }
        return pid == 0 ? nil : Child(pid: pid, pidfd: Descriptor(owning: pidfd))
    }

    /// A descriptor that stands for this very process, whatever becomes of its number.
    ///
    /// - Throws: `ESRCH` when there is no such process.
    package static func open(pid: Int32) throws(SyscallError) -> Descriptor {
        Descriptor(owning: try checkNegative("pidfd_open", "\(pid)") { clinux_pidfd_open(pid, 0) })
    }

    /// The number of the process behind `pidfd`, as our procfs counts.
    ///
    /// - Throws: `ESRCH` when it has ended, or is in no pid namespace below ours.
    package static func pid(of pidfd: Int32) throws(SyscallError) -> Int32 {
        let lines = String(decoding: try WholeFile.read("/proc/self/fdinfo/\(pidfd)"), as: UTF8.self)
        for line in lines.split(separator: "\n") where line.hasPrefix("Pid:") {
            if let pid = line.split(separator: "\t").last.flatMap({ Int32($0) }), pid > 0 { return pid }
        }
        throw SyscallError("pidfd", errno: ESRCH)
    }

    package static func signal(pidfd: Int32, _ signal: Int32) throws(SyscallError) {
        try checkNegative("pidfd_send_signal") { clinux_pidfd_send_signal(pidfd, signal) }
    }

    package static func signal(pid: Int32, _ signal: Int32) throws(SyscallError) {
        try checkNegative("kill", "\(pid)") { clinux_kill(pid, signal) }
    }

    /// A copy of descriptor `number` of the process behind `pidfd`.
    ///
    /// Source: pidfd_getfd(2), Linux 5.6.
    package static func copyDescriptor(_ number: Int32, of pidfd: Int32) throws(SyscallError) -> Descriptor {
        Descriptor(owning: try checkNegative("pidfd_getfd") { clinux_pidfd_getfd(pidfd, number) })
    }

    /// Waits for the child behind `pidfd`; with `blocking` false gives `nil` while it runs.
    ///
    /// - Throws: `ECHILD` when it is not our child or has been awaited already.
    package static func wait(pidfd: Int32, blocking: Bool = true) throws(SyscallError) -> ProcessEnd? {
        try wait(kind: 3, pidfd, blocking: blocking)?.end
    }

    /// Awaits any child; `nil` when none has ended and `blocking` is false.
    ///
    /// - Throws: `ECHILD` when there is no child.
    package static func waitForAny(blocking: Bool) throws(SyscallError) -> (pid: Int32, end: ProcessEnd)? {
        try wait(kind: 0, 0, blocking: blocking)
    }

    private static func wait(
        kind: Int32, _ id: Int32, blocking: Bool
    ) throws(SyscallError) -> (pid: Int32, end: ProcessEnd)? {
        var result = clinux_exit()
        let options: Int32 = 4 | (blocking ? 0 : 1)  // WEXITED, WNOHANG
        try checkNegative("waitid") { clinux_waitid(kind, id, &result, options) }
        switch result.code {
        case 0: return nil
        case 1: return (result.pid, .exited(code: result.status))
        default: return (result.pid, .killed(signal: result.status, dumpedCore: result.code == 3))
        }
    }

    /// Clock ticks between boot and the start of `pid`: with the pid, it names a process for good.
    ///
    /// `nil` when there is no such process, or only its zombie.
    ///
    /// Source: proc_pid_stat(5), field 22.
    package static func startTime(of pid: Int32) -> UInt64? {
        guard let stat = status(of: pid), stat.state != UInt8(ascii: "Z"), stat.state != UInt8(ascii: "X") else {
            return nil
        }
        return stat.startTime
    }

    /// State letter and start time of `pid`, `nil` when there is no such process.
    package static func status(of pid: Int32) -> (state: UInt8, startTime: UInt64)? {
        guard let file = try? Descriptor.open("/proc/\(pid)/stat") else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { buffer in
            guard let count = try? file.read(into: buffer), count > 0,
                // The name may hold anything, ")" included: fields begin after the last one.
                let close = buffer[..<count].lastIndex(of: UInt8(ascii: ")")), close + 2 < count
            else { return nil }
            let fields = buffer[(close + 2)..<count].split(separator: UInt8(ascii: " "), maxSplits: 21)
            guard fields.count > 19, let state = fields[0].first else { return nil }
            var start: UInt64 = 0
            for digit in fields[19] where digit >= 48 && digit <= 57 { start = start &* 10 &+ UInt64(digit - 48) }
            return (state, start)
        }
    }

    /// Ends this process at once, running no handler: the only way out of a cloned child.
    package static func exitNow(_ code: Int32) -> Never {
        clinux_exit_now(code)
    }

    /// Every signal to its default, none blocked: what a new program expects.
    package static func resetSignals() {
        clinux_reset_signals()
    }

    package static var ownPID: Int32 { clinux_getpid() }
}
