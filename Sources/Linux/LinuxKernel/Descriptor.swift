internal import CLinux
internal import Glibc

/// An open file descriptor that is closed when its owner lets it go.
///
/// Always opened with `O_CLOEXEC`.
package struct Descriptor: ~Copyable, Sendable {
    /// The number, valid while this value lives.
    package let raw: Int32

    /// O_PATH, which Glibc shows to nobody without _GNU_SOURCE: a place, not its content.
    package static let pathOnly: Int32 = 0o10_000_000

    package init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        _ = Glibc.close(raw)
    }

    /// Gives the number away without closing it.
    package consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// Opens `path`, relative to `directory` when it is not absolute.
    ///
    /// - Throws: whatever openat(2) says.
    package static func open(
        _ path: String, _ flags: Int32 = 0, mode: UInt32 = 0, at directory: Int32 = -100
    ) throws(SyscallError) -> Descriptor {
        Descriptor(
            owning: try checkNegative("open", path) { clinux_openat(directory, path, flags | O_CLOEXEC, mode) })
    }

    /// Opens `path` as a process whose root is `root` would see it: no symbolic link or `..` leaves it.
    ///
    /// - Throws: `ELOOP`, `EXDEV` when the path tries; else whatever openat2(2) says.
    ///
    /// Source: openat2(2), RESOLVE_IN_ROOT, Linux 5.6.
    package static func open(
        inRoot root: Int32, _ path: String, _ flags: Int32, mode: UInt32 = 0
    ) throws(SyscallError) -> Descriptor {
        var how = clinux_open_how(
            flags: UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), mode: UInt64(mode), resolve: 0x10)
        return Descriptor(owning: try checkNegative("openat2", path) { clinux_openat2(root, path, &how) })
    }

    /// Reads at most `buffer.count` bytes; 0 is the end of the file.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SyscallError) -> Int {
        let number = raw
        return try check("read") { Glibc.read(number, buffer.baseAddress, buffer.count) }
    }

    /// Writes all of `bytes`, however many calls it takes.
    package borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SyscallError) {
        let number = raw
        var written = 0
        while written < bytes.count {
            written += try check("write") {
                Glibc.write(number, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
        }
    }

    /// Writes all of `bytes`, however many calls it takes.
    package borrowing func writeAll(_ bytes: [UInt8]) throws(SyscallError) {
        var written = 0
        let number = raw
        while written < bytes.count {
            written += try check("write") {
                bytes.withUnsafeBytes {
                    Glibc.write(number, $0.baseAddress.map { $0 + written }, bytes.count - written)
                }
            }
        }
    }

    /// Reads to the end of the file.
    package borrowing func readToEnd() throws(SyscallError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let number = raw
            let count = try check("read") {
                chunk.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
