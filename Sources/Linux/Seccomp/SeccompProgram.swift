internal import CLinux
internal import Glibc
package import LinuxKernel

/// A filter ready for the kernel: classic BPF, eight bytes an instruction, in the machine's byte order.
package struct SeccompProgram: Hashable, Sendable {
    package var bytes: [UInt8]
    package var flags: SeccompFlags
    /// Some call goes to a listener: ``install()`` gives its descriptor.
    package var notifies: Bool

    package init(bytes: [UInt8], flags: SeccompFlags = [], notifies: Bool = false) {
        self.bytes = bytes
        self.flags = flags
        self.notifies = notifies
    }

    package var instructionCount: Int { bytes.count / 8 }

    /// Puts the filter on the calling thread, for good, and on everything it will start.
    ///
    /// Needs no_new_privs or CAP_SYS_ADMIN. Allocates nothing unless it fails. From here on every call is filtered,
    /// sendmsg(2) with the listener's descriptor included.
    ///
    /// - Throws: `EACCES` without the right, `EINVAL` for what is no program or a flag that this kernel does not have,
    ///   `EBUSY` when a filter above has a listener already.
    ///
    /// Source: seccomp(2).
    package func install() throws(SyscallError) -> Descriptor? {
        let newListener: UInt = notifies ? 1 << 3 : 0
        var flags = UInt(self.flags.rawValue)
        // The kernel cannot both synchronise and hand out a listener, unless it may answer ESRCH for a thread's id.
        if notifies, self.flags.contains(.synchronizeThreads) { flags |= 1 << 4 }
        // How to wait for a listener says nothing where there is none, and the kernel refuses it.
        if !notifies { flags &= ~UInt(SeccompFlags.waitKillable.rawValue) }
        let count = UInt16(clamping: instructionCount)
        var result = bytes.withUnsafeBytes { clinux_seccomp_install($0.baseAddress, count, flags | newListener) }
        if result == -ENOSYS, flags == 0, newListener == 0 {
            result = bytes.withUnsafeBytes { clinux_seccomp_install_prctl($0.baseAddress, count) }
        }
        guard result >= 0 else { throw SyscallError("seccomp", errno: -result) }
        return notifies ? Descriptor(owning: result) : nil
    }
}
