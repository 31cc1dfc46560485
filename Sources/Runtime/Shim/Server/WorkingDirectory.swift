internal import Glibc
internal import LinuxKernel

/// Short names for sockets: an address holds 107 bytes, a folder's path may be longer.
enum WorkingDirectory {
    /// Runs `body` in `directory`, then goes back to `/`, where the shim lives.
    static func during<Result>(
        _ directory: String, _ body: () throws(SyscallError) -> Result
    ) throws(SyscallError) -> Result {
        try Programs.changeDirectory(directory)
        defer { chdir("/") }
        return try body()
    }
}
