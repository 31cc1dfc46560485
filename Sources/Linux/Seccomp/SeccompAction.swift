/// What the kernel does with a call.
package enum SeccompAction: Hashable, Sendable {
    case killProcess
    case killThread
    /// SIGSYS.
    case trap
    /// The call fails with this errno and is not made.
    case errno(UInt16)
    /// A tracer decides, and gets this message; without one the call fails with ENOSYS.
    case trace(UInt16)
    /// Goes to the listener, which answers for the kernel.
    case notify
    case log
    case allow

    /// What a filter returns.
    ///
    /// Source: linux/seccomp.h.
    package var code: UInt32 {
        switch self {
        case .killProcess: 0x8000_0000
        case .killThread: 0
        case .trap: 0x0003_0000
        case .errno(let number): 0x0005_0000 | UInt32(number)
        case .trace(let message): 0x7ff0_0000 | UInt32(message)
        case .notify: 0x7fc0_0000
        case .log: 0x7ffc_0000
        case .allow: 0x7fff_0000
        }
    }

    /// The name in runtime-spec; the errno stands in a field of its own there.
    package var name: String {
        switch self {
        case .killProcess: "SCMP_ACT_KILL_PROCESS"
        case .killThread: "SCMP_ACT_KILL_THREAD"
        case .trap: "SCMP_ACT_TRAP"
        case .errno: "SCMP_ACT_ERRNO"
        case .trace: "SCMP_ACT_TRACE"
        case .notify: "SCMP_ACT_NOTIFY"
        case .log: "SCMP_ACT_LOG"
        case .allow: "SCMP_ACT_ALLOW"
        }
    }

    /// The action of this name; `errno` counts for those that carry a number, and is EPERM when absent.
    package init?(name: String, errno: UInt32? = nil) {
        let number = UInt16(truncatingIfNeeded: errno ?? 1)
        switch name {
        case "SCMP_ACT_KILL_PROCESS": self = .killProcess
        case "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL": self = .killThread
        case "SCMP_ACT_TRAP": self = .trap
        case "SCMP_ACT_ERRNO": self = .errno(number)
        case "SCMP_ACT_TRACE": self = .trace(number)
        case "SCMP_ACT_NOTIFY": self = .notify
        case "SCMP_ACT_LOG": self = .log
        case "SCMP_ACT_ALLOW": self = .allow
        default: return nil
        }
    }

    /// The number that goes into runtime-spec's `errnoRet`.
    package var errno: UInt16? {
        switch self {
        case .errno(let number), .trace(let number): number
        case .killProcess, .killThread, .trap, .notify, .log, .allow: nil
        }
    }

    /// Lets a call happen, now or by the grace of a tracer: such a default suits calls of the future as well.
    var isPermissive: Bool {
        switch self {
        case .allow, .log, .trace: true
        case .killProcess, .killThread, .trap, .errno, .notify: false
        }
    }
}
