internal import CLinux
internal import Glibc
internal import LinuxKernel

/// A file as a block device, which goes with its last user.
struct LoopDevice: ~Copyable {
    /// Such as `/dev/loop3`.
    let path: String
    let descriptor: Descriptor

    /// Binds the file at `image`; a device that already has it is taken, as two would ruin what is in it.
    ///
    /// `isNew` says that nobody can have it yet.
    static func bind(_ image: String, isNew: Bool) throws(SyscallError) -> LoopDevice {
        let file = try Descriptor.open(image, O_RDWR)
        if !isNew, let found = try find(image) { return found }
        let control = try Descriptor.open("/dev/loop-control", O_RDWR)
        // Another process may take the device between the question and the answer.
        for _ in 0..<64 {
            let number = try checkNegative("ioctl", "LOOP_CTL_GET_FREE") { clinux_loop_free(control.raw) }
            let path = "/dev/loop\(number)"
            let device = try Descriptor.open(path, O_RDWR)
            let bound = clinux_loop_bind(device.raw, file.raw)
            if bound == 0 { return LoopDevice(path: path, descriptor: device) }
            guard bound == -EBUSY else { throw SyscallError("ioctl", errno: -bound, subject: "LOOP_CONFIGURE \(path)") }
        }
        throw SyscallError("ioctl", errno: EBUSY, subject: "LOOP_CONFIGURE")
    }

    /// The device that has the file at `image`.
    static func find(_ image: String) throws(SyscallError) -> LoopDevice? {
        let wanted = try Files.status(image)
        for name in try Files.list("/sys/block") where name.hasPrefix("loop") {
            guard Files.exists("/sys/block/\(name)/loop/backing_file"),
                let device = try? Descriptor.open("/dev/\(name)", O_RDWR)
            else { continue }
            var (holder, inode) = (UInt64(0), UInt64(0))
            guard clinux_loop_backing(device.raw, &holder, &inode) == 0, inode == wanted.inode,
                holder == wanted.device
            else { continue }
            return LoopDevice(path: "/dev/\(name)", descriptor: device)
        }
        return nil
    }

    /// The device below the filesystem that is mounted at `path`.
    static func below(_ path: String) throws(SyscallError) -> LoopDevice {
        let number = try Files.status(path).device
        let link = try Files.readLink("/sys/dev/block/\(clinux_major(number)):\(clinux_minor(number))")
        let name = link.split(separator: "/").last.map(String.init) ?? ""
        return LoopDevice(path: "/dev/\(name)", descriptor: try Descriptor.open("/dev/\(name)", O_RDWR))
    }

    /// Takes over the file's length.
    borrowing func resize() throws(SyscallError) {
        let number = descriptor.raw
        try checkNegative("ioctl", "LOOP_SET_CAPACITY") { clinux_loop_resize(number) }
    }
}
