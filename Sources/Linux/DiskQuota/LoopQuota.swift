internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import Units

/// Limits by an ext4 of its own in a sparse file, mounted by way of a loop device: works on any kernel and any disk.
///
/// ```
/// <space>/disk.img   the file; freed blocks become holes again (discard)
/// <space>/fs         where it is mounted
/// <templates>/…      an empty filesystem for each size that was asked for, copied to make a new one
/// ```
/// The device is bound with autoclear: it goes with the mount, whoever unmounts, and with a killed daemon that had not mounted yet.
package struct LoopQuota: QuotaDriver {
    package let name = "loop"
    package let abilities = QuotaAbilities(
        inodes: true, foreignFolders: false, shrinking: false, adoption: false, statistics: true,
        privilegeEscapes: false)

    private let templates: String
    private let maker: any FilesystemMaker

    static let block: UInt64 = 4096
    /// Smaller ones would be mostly journal and tables.
    static let least = ByteCount.mebibytes(1)

    /// `templates` is a folder of ours, made when it is needed; best on a tmpfs.
    package init(templates: String, maker: any FilesystemMaker) {
        self.templates = templates
        self.maker = maker
    }

    private func image(_ space: QuotaSpace) -> String { space.path + "/disk.img" }

    // MARK: life

    package func make(_ space: QuotaSpace, limit: QuotaLimit) throws(QuotaError) {
        let limit = try checked(limit)
        try remove(space)
        let template = try template(limit, journal: !space.isVolatile)
        try quota("make \(space.path)") { () throws(SyscallError) in
            try Files.makeDirectory(space.path, mode: 0o711)
            try Files.makeDirectory(space.content, mode: 0o711)
            try SparseCopy.copy(template, to: image(space))
        }
        // Without barriers nothing waits for the disk here; `settle` turns them on.
        try mount(space, isNew: true, options: "nobarrier")
    }

    package func settle(_ space: QuotaSpace) throws(QuotaError) {
        guard !space.isVolatile else { return }
        try quota("remount \(space.content)") { () throws(SyscallError) in
            try Mounts.mount("", on: space.content, flags: [.remount], data: "barrier")
        }
    }

    package func attach(_ space: QuotaSpace) throws(QuotaError) {
        guard try !isMounted(space) else { return }
        try mount(space, isNew: false, options: space.isVolatile ? "nobarrier" : "barrier")
    }

    package func remove(_ space: QuotaSpace) throws(QuotaError) {
        guard Files.exists(space.path) else { return }
        while try isMounted(space) {
            try quota("unmount \(space.content)") { () throws(SyscallError) in
                do throws(SyscallError) {
                    try Mounts.unmount(space.content)
                } catch {
                    guard error.errno == EBUSY else { throw error }
                    try Mounts.unmount(space.content, detached: true)
                }
            }
        }
        try quota("remove \(space.path)") { () throws(SyscallError) in
            for (name, isFolder) in [("fs", true), ("disk.img", false)] {
                do throws(SyscallError) {
                    try Files.remove("\(space.path)/\(name)", directory: isFolder)
                } catch {
                    guard error.errno == ENOENT else { throw error }
                }
            }
            try Files.remove(space.path, directory: true)
        }
    }

    private func isMounted(_ space: QuotaSpace) throws(QuotaError) -> Bool {
        do throws(SyscallError) {
            return try Files.status(space.content).device != Files.status(space.path).device
        } catch {
            if error.errno == ENOENT { return false }
            throw .kernel(doing: "look at \(space.content)", error)
        }
    }

    private func mount(_ space: QuotaSpace, isNew: Bool, options: String) throws(QuotaError) {
        try quota("mount \(image(space))") { () throws(SyscallError) in
            let device = try LoopDevice.bind(image(space), isNew: isNew)
            // Tables stay holes until they are used: no thread of the kernel's fills them.
            try Mounts.mount(
                device.path, on: space.content, type: "ext4", flags: [.noDevices],
                data: "discard,noinit_itable,\(options)")
        }
    }

    // MARK: size

    private func checked(_ limit: QuotaLimit) throws(QuotaError) -> QuotaLimit {
        guard let bytes = limit.bytes else {
            throw .unsupported(driver: name, "limits files only together with bytes: add a size")
        }
        guard bytes >= Self.least else {
            throw .tooSmall("a disk quota of \(bytes) bytes: the loop driver needs 1m or more")
        }
        return limit
    }

    /// An empty filesystem with room for exactly `limit`, made once.
    private func template(_ limit: QuotaLimit, journal: Bool) throws(QuotaError) -> String {
        let wanted = ((limit.bytes?.bytes ?? 0) + Self.block - 1) / Self.block
        let path = "\(templates)/\(wanted)-\(limit.inodes.map { "\($0)" } ?? "any")\(journal ? "-journal" : "")"
        if Files.exists(path) { return path }
        if let absence = maker.absence { throw .maker(absence) }
        let draft = path + ".\(getpid()).\(UInt32.random(in: .min ... .max))"
        try quota("make \(templates)") { () throws(SyscallError) in
            do throws(SyscallError) {
                try Files.makeDirectory(templates, mode: 0o700)
            } catch {
                guard error.errno == EEXIST else { throw error }
            }
        }
        do throws(QuotaError) {
            // Tables and journal come on top of the limit; how much is known only afterwards.
            var blocks = wanted + 256 + (journal ? 1024 : 0) + wanted / 50
            for attempt in 0..<8 {
                try setLength(draft, blocks * Self.block)
                try maker.makeExt4(in: draft, inodes: limit.inodes.map { $0 + 11 }, journal: journal)
                let usable = try Ext4Superblock(of: draft).usableBlocks
                // At the edge of a block group no length may fit to the block: then a little more it is.
                if usable == wanted || (usable > wanted && attempt > 3) { break }
                blocks = usable < wanted ? blocks + (wanted - usable) : blocks - (usable - wanted)
            }
        } catch {
            try? Files.remove(draft)
            throw error
        }
        try quota("make \(path)") { () throws(SyscallError) in try Files.rename(draft, to: path) }
        return path
    }

    private func setLength(_ path: String, _ bytes: UInt64) throws(QuotaError) {
        try quota("make \(path)") { () throws(SyscallError) in
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
            let number = file.raw
            try check("ftruncate", path) { ftruncate(number, off_t(bytes)) }
        }
    }

    package func change(_ space: QuotaSpace, to limit: QuotaLimit, isIdle: Bool) throws(QuotaError) {
        let limit = try checked(limit)
        let now = try usage(space)
        guard limit.inodes == nil || limit.inodes == now.limit.inodes else {
            throw .unsupported(driver: name, "sets the number of files when it makes a filesystem, not afterwards")
        }
        let wanted = ((limit.bytes?.bytes ?? 0) + Self.block - 1) / Self.block
        let usable = (now.limit.bytes?.bytes ?? 0) / Self.block
        if wanted < usable {
            guard wanted * Self.block >= now.bytes else {
                throw .tooSmall("\(now.bytes) bytes are written already, more than the new limit of \(limit)")
            }
            guard isIdle else {
                throw .unsupported(
                    driver: name, "cannot make a filesystem smaller that is in use: stop the container first")
            }
            return try resizeUnmounted(space, to: wanted, now: usable)
        }
        do throws(SyscallError) {
            try grow(space, by: wanted - usable, to: wanted)
        } catch {
            guard error.errno == EPERM else { throw .kernel(doing: "grow \(image(space))", error) }
            guard isIdle else {
                throw .unsupported(
                    driver: name,
                    "needs CAP_SYS_RESOURCE to let a filesystem grow that is in use, and the daemon lacks it here: stop "
                        + "the container first")
            }
            try resizeUnmounted(space, to: wanted, now: usable)
        }
    }

    /// The device that still has the file, after the moments that the kernel takes to let a dead container's mounts go.
    private func holder(of space: QuotaSpace) throws(QuotaError) -> String? {
        for _ in 0..<100 {
            let device = try quota("look for \(image(space))") { () throws(SyscallError) in
                try LoopDevice.find(image(space))?.path
            }
            if device == nil { return nil }
            usleep(10_000)
        }
        return try quota("look for \(image(space))") { () throws(SyscallError) in
            try LoopDevice.find(image(space))?.path
        }
    }

    /// Takes the filesystem out of use, gives it another size and mounts it again, whatever happened.
    private func resizeUnmounted(_ space: QuotaSpace, to wanted: UInt64, now usable: UInt64) throws(QuotaError) {
        var usable = usable
        var failure: QuotaError?
        for _ in 0..<4 where usable != wanted && failure == nil {
            try quota("unmount \(space.content)") { () throws(SyscallError) in try Mounts.unmount(space.content) }
            do throws(QuotaError) {
                let device = try holder(of: space)
                // Somebody else still has it mounted: it must not change below them.
                if let device { throw .unsupported(driver: name, "finds \(image(space)) still in use, on \(device)") }
                let all = try Ext4Superblock(of: image(space)).blocks
                try maker.resizeExt4(
                    in: image(space), to: wanted > usable ? all + (wanted - usable) : all - (usable - wanted))
            } catch {
                failure = error
            }
            try attach(space)
            usable = (try usage(space).limit.bytes?.bytes ?? 0) / Self.block
        }
        if let failure { throw failure }
    }

    /// Makes the mounted filesystem larger, beside those who use it.
    private func grow(_ space: QuotaSpace, by blocks: UInt64, to wanted: UInt64) throws(SyscallError) {
        let device = try LoopDevice.below(space.content)
        let content = try Descriptor.open(space.content, O_RDONLY | O_DIRECTORY)
        let file = try Descriptor.open(image(space), O_RDWR)
        let (folder, number) = (content.raw, file.raw)
        var missing = blocks
        // New block groups bring tables with them, so it takes a second or third step.
        for _ in 0..<6 where missing > 0 {
            let size = try Files.status(of: number).size + Int64(missing * Self.block)
            try check("ftruncate", image(space)) { ftruncate(number, off_t(size)) }
            try device.resize()
            try checkNegative("ioctl", "EXT4_IOC_RESIZE_FS") {
                clinux_ext4_resize(folder, UInt64(size) / Self.block)
            }
            var found = clinux_space()
            try checkNegative("statfs", space.content) { clinux_space(space.content, &found) }
            missing = wanted > found.blocks ? wanted - found.blocks : 0
        }
    }

    package func usage(_ space: QuotaSpace) throws(QuotaError) -> QuotaUsage {
        var found = clinux_space()
        try quota("look at \(space.content)") { () throws(SyscallError) in
            try checkNegative("statfs", space.content) { clinux_space(space.content, &found) }
        }
        return QuotaUsage(
            bytes: (found.blocks - found.free) * found.block, inodes: found.inodes - found.free_inodes,
            limit: QuotaLimit(bytes: ByteCount(found.blocks * found.block), inodes: found.inodes))
    }

    // MARK: what it cannot

    package func takeIn(_ path: String, to space: QuotaSpace) throws(QuotaError) {
        throw .unsupported(driver: name, "cannot limit \(path), which was there before")
    }

    package func letGo(_ path: String, of space: QuotaSpace) throws(QuotaError) {}
}

/// What the first block of an ext4 says about its size.
///
/// Source: Documentation/filesystems/ext4/super.rst.
private struct Ext4Superblock {
    var blocks: UInt64
    /// What files can take.
    var usableBlocks: UInt64

    init(of path: String) throws(QuotaError) {
        var bytes = [UInt8](repeating: 0, count: 1024)
        try quota("read \(path)") { () throws(SyscallError) in
            let file = try Descriptor.open(path)
            let number = file.raw
            let count = try check("pread", path) { pread(number, &bytes, 1024, 1024) }
            guard count == 1024 else { throw SyscallError("pread", errno: EIO, subject: path) }
        }
        func word(_ offset: Int) -> UInt64 {
            (0..<4).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
        }
        blocks = word(0x4) | word(0x150) << 32
        let overhead = word(0x248)
        usableBlocks = blocks > overhead ? blocks - overhead : 0
    }
}
