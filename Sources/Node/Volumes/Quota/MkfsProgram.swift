package import DiskQuota
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

    /// What it said, and how it ended.
    private func started(_ program: String, _ words: [String]) throws(QuotaError) -> (said: String, status: Int32) {
        do throws(SyscallError) {
            return try OutsideProgram(
                words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MKE2FS_CONFIG=/dev/null", "LC_ALL=C"]
            ).finish()
        } catch {
            throw .kernel(doing: "run \(program)", error)
        }
    }
}
