internal import CLinux
package import DiskQuota
internal import Glibc
internal import LinuxKernel

/// Makes filesystems with Debian's e2fsprogs.
package struct MkfsProgram: FilesystemMaker {
    private let program: String?

    package init() {
        program = ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4", "/usr/bin/mkfs.ext4"].first(where: Files.exists)
    }

    package var absence: String? {
        program == nil ? "there is no mkfs.ext4: install e2fsprogs" : nil
    }

    /// Everything is said, nothing left to the machine's mke2fs.conf.
    private static let features =
        "none,ext_attr,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,"
        + "metadata_csum,resize_inode"

    package func makeExt4(in path: String, inodes: UInt64?, journal: Bool) throws(QuotaError) {
        guard let program else { throw .maker(absence ?? "") }
        var words = [
            program, "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-m", "0", "-O",
            Self.features + (journal ? ",has_journal" : ""), "-E",
            "lazy_itable_init=1,nodiscard" + (journal ? ",lazy_journal_init=1" : ""),
        ]
        if journal { words += ["-J", "size=4"] }
        if let inodes { words += ["-N", "\(inodes)"] }
        try run(program, words + [path])
    }

    package func resizeExt4(in path: String, to blocks: UInt64) throws(QuotaError) {
        guard let program else { throw .maker(absence ?? "") }
        // They come in one package.
        let folder = program.dropLast("mkfs.ext4".count)
        // 1 says that something was repaired.
        try run(folder + "e2fsck", [folder + "e2fsck", "-f", "-p", path], fine: [0, 1])
        try run(folder + "resize2fs", [folder + "resize2fs", path, "\(blocks)"])
    }

    private func run(_ program: String, _ words: [String], fine: Set<Int32> = [0]) throws(QuotaError) {
        let (said, status) = try started(program, words)
        guard fine.contains(status) else { throw .maker("\(program) ended with \(status): \(said)") }
    }

    /// What it wrote to its standard error, and how it ended.
    private func started(_ program: String, _ words: [String]) throws(QuotaError) -> (said: String, status: Int32) {
        let arguments = CStringArray(words)
        let environment = CStringArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MKE2FS_CONFIG=/dev/null", "LC_ALL=C"])
        do throws(SyscallError) {
            let null = try Self.high(try Descriptor.open("/dev/null", O_RDWR))
            var ends: [Int32] = [0, 0]
            try checkNegative("pipe2") { clinux_pipe(&ends) }
            let reading = Descriptor(owning: ends[0])
            let pid = try Self.spawn(program, arguments, environment, null, try Self.high(Descriptor(owning: ends[1])))
            let said = String(decoding: try reading.readToEnd().prefix(2000), as: UTF8.self)
            var result = clinux_exit()
            try checkNegative("waitid", program) { clinux_waitid(1, pid, &result, 4) }
            return (said, result.code == 1 ? result.status : 128 + result.status)
        } catch {
            throw .kernel(doing: "run \(program)", error)
        }
    }

    /// Closes our copy of the pipe's writing end, so that reading it ends with the program.
    private static func spawn(
        _ program: String, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray,
        _ null: borrowing Descriptor, _ writing: consuming Descriptor
    ) throws(SyscallError) -> Int32 {
        let table = [
            clinux_spawn_descriptor(from: null.raw, to: 0), clinux_spawn_descriptor(from: null.raw, to: 1),
            clinux_spawn_descriptor(from: writing.raw, to: 2),
        ]
        let (argv, envp) = (arguments.pointers, environment.pointers)
        return try checkNegative("spawn", program) {
            clinux_spawn(program, argv, envp, nil, 0, table, table.count)
        }
    }

    /// Out of the way of the numbers that the program wants.
    private static func high(_ descriptor: consuming Descriptor) throws(SyscallError) -> Descriptor {
        let raw = descriptor.raw
        return Descriptor(owning: try checkNegative("fcntl") { clinux_duplicate_above(raw, 200) })
    }
}
