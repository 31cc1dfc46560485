internal import CLinux
internal import Glibc
internal import LinuxKernel

/// The pipes of one process, both ends, until the process has been started.
///
/// What is not wanted is `/dev/null`. The shim's ends do not block, the process's ends do.
struct StreamPipes: ~Copyable {
    /// The process's ends, by number.
    private var theirs: [Int32] = [-1, -1, -1]
    /// The shim's ends; -1 for `/dev/null`.
    private var ours: [Int32] = [-1, -1, -1]

    /// Makes a pipe for each of the three that is wanted.
    init(stdin: Bool, stdout: Bool, stderr: Bool) throws(SyscallError) {
        for (number, isPiped) in [stdin, stdout, stderr].enumerated() {
            guard isPiped else {
                theirs[number] = try Descriptor.open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY).release()
                continue
            }
            var ends: [Int32] = [-1, -1]
            let ourEnd = number == 0 ? 1 : 0
            try checkNegative("pipe2") { clinux_pipe_nonblocking(&ends, Int32(ourEnd)) }
            ours[number] = ends[ourEnd]
            theirs[number] = ends[1 - ourEnd]
        }
    }

    deinit {
        for fd in theirs + ours where fd >= 0 { close(fd) }
    }

    var io: ProcessIO { .descriptors(stdin: theirs[0], stdout: theirs[1], stderr: theirs[2]) }

    /// Gives the shim's end of `number` away; `nil` when it is `/dev/null`.
    mutating func take(_ number: Int) -> Int32? {
        guard ours[number] >= 0 else { return nil }
        defer { ours[number] = -1 }
        return ours[number]
    }
}
