internal import Glibc
internal import LinuxKernel

/// An open folder whose number is needed across suspensions, where a `Descriptor` cannot be kept.
struct OpenFolder: Sendable {
    let number: Int32

    init(_ path: String) throws(SyscallError) {
        number = try Descriptor.open(path, O_RDONLY | O_DIRECTORY).release()
    }

    func close() { _ = Glibc.close(number) }
}
