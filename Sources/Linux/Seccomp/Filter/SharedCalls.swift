internal import CLinux
internal import Glibc

/// Calls that some architectures make through one number with a selector: `socketcall` and `ipc`.
///
/// libseccomp turns a rule for `bind` into one for both ways there; so these numbers are left to it.
enum SharedCalls {
    private static let names: Set<String> = [
        "socketcall", "socket", "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername",
        "socketpair", "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg",
        "recvmsg",
        "sendmmsg", "recvmmsg", "recvmmsg_time64",
        "ipc", "semop", "semget", "semctl", "semtimedop", "semtimedop_time64", "msgsnd", "msgrcv", "msgget", "msgctl",
        "shmat", "shmdt", "shmget", "shmctl",
    ]

    static func isOne(_ name: String) -> Bool { names.contains(name) }

    /// Every number of such a call on `architecture`; none where each call has its own number only.
    static func numbers(on architecture: SeccompArchitecture) -> [UInt32] {
        switch architecture {
        case .x86, .s390, .s390x, .ppc, .ppc64, .ppc64le, .mips, .mipsel, .parisc, .parisc64: break
        default: return []
        }
        let first = Int32(architecture.numberOffset)
        return (first..<(first + 600)).compactMap { number in
            guard let text = seccomp_syscall_resolve_num_arch(architecture.token, number) else { return nil }
            defer { free(text) }
            return isOne(String(cString: text)) ? UInt32(number) : nil
        }
    }
}
