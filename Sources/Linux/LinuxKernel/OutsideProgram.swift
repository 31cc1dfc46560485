internal import CLinux
internal import Glibc

/// A program of the machine that is run to its end for what it does and says; it reads nothing.
///
/// Starting and waiting block: use them on a lane.
package struct OutsideProgram: ~Copyable {
    package let pid: Int32
    private let name: String
    private let reading: Descriptor

    /// Starts `words[0]`, which is looked up along PATH when it has no slash, as the leader of a session of its own.
    ///
    /// `environment` is all of it, as `NAME=value`.
    ///
    /// - Throws: `ENOENT` when there is no such program, or what the kernel says to a new process or pipe.
    package init(
        _ words: [String], environment: [String], directory: String? = nil
    ) throws(SyscallError) {
        let name = words.first ?? ""
        let arguments = CStringArray(words)
        let variables = CStringArray(environment)
        let null = try Self.high(try Descriptor.open("/dev/null", O_RDWR))
        var ends: [Int32] = [0, 0]
        try checkNegative("pipe2") { clinux_pipe(&ends) }
        let reading = Descriptor(owning: ends[0])
        let writing = try Self.high(Descriptor(owning: ends[1]))
        let pid = try Self.spawn(name, arguments, variables, directory, null, writing)
        // Nothing throws from here on.
        self.name = name
        self.pid = pid
        self.reading = reading
    }

    /// Waits for its end; gives the beginning of what it wrote to its output and errors, and its exit code or 128 and the signal.
    ///
    /// Until `reaping` is called, ``pid`` is nobody else's.
    package consuming func finish(
        reaping: () -> Void = {}
    ) throws(SyscallError) -> (said: String, status: Int32) {
        let said = String(decoding: try reading.readToEnd().prefix(4000), as: UTF8.self)
        var result = clinux_exit()
        let (pid, name) = (pid, name)
        // WEXITED with WNOWAIT first, then without.
        try checkNegative("waitid", name) { clinux_waitid(1, pid, &result, 4 | 0x100_0000) }
        reaping()
        try checkNegative("waitid", name) { clinux_waitid(1, pid, &result, 4) }
        return (said, result.code == 1 ? result.status : 128 + result.status)
    }

    /// Closes our copy of the pipe's writing end, so that reading it ends with the program.
    private static func spawn(
        _ program: String, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray,
        _ directory: String?, _ null: borrowing Descriptor, _ writing: consuming Descriptor
    ) throws(SyscallError) -> Int32 {
        let table = [
            clinux_spawn_descriptor(from: null.raw, to: 0), clinux_spawn_descriptor(from: writing.raw, to: 1),
            clinux_spawn_descriptor(from: writing.raw, to: 2),
        ]
        let (argv, envp) = (arguments.pointers, environment.pointers)
        return try checkNegative("spawn", program) {
            clinux_spawn(program, argv, envp, directory, 1, table, table.count)
        }
    }

    /// Out of the way of the numbers that the program wants.
    private static func high(_ descriptor: consuming Descriptor) throws(SyscallError) -> Descriptor {
        let raw = descriptor.raw
        return Descriptor(owning: try checkNegative("fcntl") { clinux_duplicate_above(raw, 200) })
    }
}
