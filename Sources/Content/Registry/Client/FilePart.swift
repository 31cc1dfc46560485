internal import Glibc
internal import LinuxKernel

/// Bytes from the middle of a file.
enum FilePart {
    /// At most `count` bytes from `offset` on; none at the end.
    static func read(_ path: String, from offset: Int64, count: Int) throws(SyscallError) -> [UInt8] {
        let file = try Descriptor.open(path)
        let number = file.raw
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try check("pread", path) {
            bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress, count, Int(offset)) }
        }
        bytes.removeLast(count - got)
        return bytes
    }
}
