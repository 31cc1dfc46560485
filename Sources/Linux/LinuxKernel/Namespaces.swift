internal import CLinux
internal import Glibc

/// Kinds of namespaces, as the flags of clone3(2), unshare(2) and setns(2).
package struct Namespaces: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let time = Namespaces(rawValue: 0x80)
    package static let mount = Namespaces(rawValue: 0x20000)
    package static let cgroup = Namespaces(rawValue: 0x0200_0000)
    package static let uts = Namespaces(rawValue: 0x0400_0000)
    package static let ipc = Namespaces(rawValue: 0x0800_0000)
    package static let user = Namespaces(rawValue: 0x1000_0000)
    package static let pid = Namespaces(rawValue: 0x2000_0000)
    package static let network = Namespaces(rawValue: 0x4000_0000)

    /// Every kind with its name under `/proc/<pid>/ns`.
    package static let names: [(kind: Namespaces, file: String)] = [
        (.user, "user"), (.mount, "mnt"), (.uts, "uts"), (.ipc, "ipc"), (.network, "net"), (.pid, "pid"),
        (.cgroup, "cgroup"), (.time, "time"),
    ]

    /// Moves the calling thread into the namespace, or with a pidfd into all `kinds` of them at once.
    ///
    /// For a pid or time namespace it is the next child that is moved.
    ///
    /// - Throws: `EPERM` without `CAP_SYS_ADMIN` there; `EINVAL` when `descriptor` is of another kind.
    package static func enter(_ descriptor: Int32, _ kinds: Namespaces) throws(SyscallError) {
        try checkNegative("setns") { clinux_setns(descriptor, Int32(truncatingIfNeeded: kinds.rawValue)) }
    }

    /// Gives the calling thread new namespaces of these kinds.
    package static func unshare(_ kinds: Namespaces) throws(SyscallError) {
        try checkNegative("unshare") { clinux_unshare(Int32(truncatingIfNeeded: kinds.rawValue)) }
    }

    /// Brings the loopback device of the current network namespace up.
    package static func loopbackUp() throws(SyscallError) {
        try checkNegative("bring up lo") { clinux_loopback_up() }
    }

    package static func setHostname(_ name: String) throws(SyscallError) {
        try checkNegative("sethostname", name) { clinux_sethostname(name, name.utf8.count) }
    }

    package static func setDomainname(_ name: String) throws(SyscallError) {
        try checkNegative("setdomainname", name) { clinux_setdomainname(name, name.utf8.count) }
    }
}

extension Namespaces: CustomStringConvertible {
    /// Such as `pid net`, for messages.
    package var description: String {
        Self.names.filter { contains($0.kind) }.map(\.file).joined(separator: " ")
    }
}
