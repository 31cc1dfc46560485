internal import Glibc
internal import LinuxKernel
internal import RuntimeSpec

/// A pseudoterminal of the container's devpts, so that its name is one that the container knows.
enum ContainerTerminal {
    /// Opens both ends; the caller owns them.
    ///
    /// `/dev/ptmx` may be anything the image says, so it is the devpts at `/dev/pts` that is opened, and only if it is
    /// one (CVE-2025-52565).
    static func open(
        in root: ContainerRoot, size: RuntimeSpec.ConsoleSize?
    ) throws(SyscallError) -> (master: Int32, slave: Int32) {
        let folder = try root.open("/dev/pts", Descriptor.pathOnly | O_DIRECTORY)
        guard try Files.magic(of: folder.raw) == Files.Magic.devpts else {
            throw SyscallError("open", errno: ENODEV, subject: "/dev/pts is no devpts, which a terminal needs")
        }
        let master = try Descriptor.open("ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, at: folder.raw)
        guard try Files.magic(of: master.raw) == Files.Magic.devpts else {
            throw SyscallError("open", errno: ENODEV, subject: "/dev/pts/ptmx is covered by another file")
        }
        let slave = try Terminals.peer(of: master.raw)
        if let size, size.height > 0 || size.width > 0 {
            try Terminals.resize(
                slave.raw, rows: UInt16(clamping: size.height), columns: UInt16(clamping: size.width))
        }
        return (master.release(), slave.release())
    }
}
