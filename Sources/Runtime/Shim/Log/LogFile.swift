internal import Glibc
internal import LinuxKernel
internal import ShimProtocol

/// The newest file of a container's log, and its rotation.
///
/// Holds whole lines only: what a full disk or a killed shim cut off is cut back to the last line. Nothing is synced: the log
/// survives the death of every process, not power loss.
struct LogFile: ~Copyable {
    private let path: String
    private let maxFile: Int
    private var descriptor: Int32 = -1
    private(set) var size: UInt64 = 0
    private(set) var inode: UInt64 = 0
    private(set) var counters = ShimState.Log()

    /// Opens the file, or makes it; an incomplete line at its end is removed.
    init(path: String, maxFile: Int) throws(SyscallError) {
        self.path = path
        self.maxFile = maxFile
        try open(O_RDWR | O_CREAT | O_APPEND)
        try repair()
    }

    deinit { close(descriptor) }

    /// Appends `bytes`, which are whole lines, and rotates at every offset in `cuts`.
    ///
    /// What cannot be written is counted as lost; later parts are still tried.
    ///
    /// - Returns: The first failure.
    mutating func write(_ bytes: UnsafeRawBufferPointer, cuts: [Int]) -> SyscallError? {
        var failures: [SyscallError] = []
        var start = 0
        for cut in cuts {
            if let failure = append(UnsafeRawBufferPointer(rebasing: bytes[start..<cut])) { failures.append(failure) }
            if let failure = rotate() { failures.append(failure) }
            start = cut
        }
        if let failure = append(UnsafeRawBufferPointer(rebasing: bytes[start...])) { failures.append(failure) }
        counters.failures += UInt64(failures.count)
        return failures.first
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) -> SyscallError? {
        guard !bytes.isEmpty else { return nil }
        var written = 0
        do throws(SyscallError) {
            if descriptor < 0 { try open(O_RDWR | O_CREAT | O_APPEND) }
            let number = descriptor
            while written < bytes.count {
                written += try check("write", path) {
                    Glibc.write(number, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                }
            }
            size += UInt64(written)
            counters.logged += UInt64(written)
            return nil
        } catch {
            let whole = bytes[..<written].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            if whole < written { _ = ftruncate(descriptor, Int(size) + whole) }
            size += UInt64(whole)
            counters.logged += UInt64(whole)
            counters.lost += UInt64(bytes.count - whole)
            return error
        }
    }

    /// `path` becomes `path.1`, that one `path.2`, and so on; the oldest goes.
    private mutating func rotate() -> SyscallError? {
        do throws(SyscallError) {
            for number in stride(from: maxFile - 1, through: 1, by: -1) {
                let older = number == 1 ? path : "\(path).\(number - 1)"
                guard rename(older, "\(path).\(number)") < 0, errno != ENOENT else { continue }
                throw SyscallError("rename", errno: errno, subject: older)
            }
            // The only file goes rather than being emptied: who follows it reads on to its end, and then finds the new one.
            if maxFile == 1, unlink(path) < 0, errno != ENOENT {
                throw SyscallError("unlink", errno: errno, subject: path)
            }
            close(descriptor)
            descriptor = -1
            try open(O_RDWR | O_CREAT | O_APPEND)
            size = 0
            return nil
        } catch {
            return error
        }
    }

    private mutating func open(_ flags: Int32) throws(SyscallError) {
        descriptor = try Descriptor.open(path, flags, mode: 0o640).release()
        let number = descriptor
        size = UInt64(try check("lseek", path) { lseek(number, 0, SEEK_END) })
        inode = try Files.status(of: number).inode
    }

    /// Cuts back to the last newline, if the file does not end in one.
    private mutating func repair() throws(SyscallError) {
        let number = descriptor
        var end = Int(size)
        var chunk = [UInt8](repeating: 0, count: min(4096, end))
        while end > 0 {
            let length = min(chunk.count, end)
            try check("pread", path) {
                chunk.withUnsafeMutableBytes { pread(number, $0.baseAddress, length, end - length) }
            }
            if let newline = chunk[..<length].lastIndex(of: 0x0A) {
                end -= length - newline - 1
                break
            }
            end -= length
        }
        guard end < Int(size) else { return }
        try check("ftruncate", path) { ftruncate(number, end) }
        size = UInt64(end)
    }
}
