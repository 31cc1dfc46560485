internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Copies a file that is mostly holes; neither reads nor syncs more than it must.
enum SparseCopy {
    static func copy(_ source: String, to target: String) throws(SyscallError) {
        let from = try Descriptor.open(source, O_RDONLY)
        let to = try Descriptor.open(target, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        let (input, output) = (from.raw, to.raw)
        let size = try Files.status(of: input).size
        try check("ftruncate", target) { ftruncate(output, off_t(size)) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var place: Int64 = 0
        while place < size {
            let data = clinux_seek_data(input, place)
            if data == -Int64(ENXIO) { break }
            let start = try checkNegative("lseek", source) { data }
            let end = try checkNegative("lseek", source) { clinux_seek_hole(input, start) }
            place = start
            while place < end {
                let want = Int(min(end - place, Int64(buffer.count)))
                let count = try check("pread", source) { pread(input, &buffer, want, off_t(place)) }
                guard count > 0 else { throw SyscallError("pread", errno: EIO, subject: source) }
                var written = 0
                while written < count {
                    written += try check("pwrite", target) {
                        buffer.withUnsafeBytes { bytes in
                            pwrite(
                                output, bytes.baseAddress.map { $0 + written }, count - written,
                                off_t(place) + off_t(written))
                        }
                    }
                }
                place += Int64(count)
            }
        }
    }
}
