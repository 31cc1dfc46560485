internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Births a child in a user namespace that exists: entering one cannot be undone, so a process in between does it.
enum UserNamespaceDetour {
    /// Clones through the user namespace behind `descriptor`; gives `nil` in the child, which is ours, not the
    /// intermediate's.
    static func clone(
        into namespaces: Namespaces, through descriptor: Int32, cgroup: Int32?
    ) throws(RuntimeError) -> Child? {
        let pair = try step("socketpair") { () throws(SyscallError) in try Messages.pair() }
        let ours = Descriptor(owning: pair.0)
        let theirs = Descriptor(owning: pair.1)
        let between = try step("clone3") { () throws(SyscallError) in try Processes.clone() }
        guard let between else {
            do {
                try Namespaces.enter(descriptor, .user)
                guard let child = try Processes.clone(into: namespaces, cgroup: cgroup, asSibling: true) else {
                    return nil
                }
                try Messages.send(
                    withUnsafeBytes(of: Int32(0), Array.init), descriptors: [child.pidfd.raw], over: theirs.raw)
                Processes.exitNow(0)
            } catch {
                try? Messages.send(withUnsafeBytes(of: -error.errno, Array.init), over: theirs.raw)
                Processes.exitNow(1)
            }
        }
        let answer = try step("join user namespace") { () throws(SyscallError) in
            let answer = try Messages.receive(over: ours.raw)
            _ = try Processes.wait(pidfd: between.pidfd.raw)
            return answer
        }
        let number = answer.bytes.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard answer.bytes.count == 4, let received = answer.descriptors.first else {
            let reason = answer.bytes.count == 4 ? -Int32(bitPattern: number) : EPIPE
            throw .step("join user namespace", SyscallError("setns", errno: reason))
        }
        let pidfd = Descriptor(owning: received)
        // The intermediate may be in a pid namespace of the container, where the child has another number.
        let pid = try step("join user namespace") { () throws(SyscallError) in try Processes.pid(of: pidfd.raw) }
        return Child(pid: pid, pidfd: pidfd)
    }
}
