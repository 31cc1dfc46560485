internal import CLinux
internal import Glibc

/// Strings laid out as execve(2) wants them, made before there is a reason to hurry.
package struct CStringArray: ~Copyable {
    package let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    package init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[strings.count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}

/// Turning into another program, and what it finds open.
package enum Programs {
    /// Becomes the program at `path`; returns only to throw.
    ///
    /// - Throws: `ENOENT` (also for a missing interpreter), `EACCES`, `ENOEXEC`, …
    package static func execute(
        _ path: String, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray
    ) throws(SyscallError) {
        let argv = arguments.pointers
        let envp = environment.pointers
        try checkNegative("execve", path) { clinux_execve(path, argv, envp) }
    }

    /// Becomes the program that `descriptor` was opened on; returns only to throw.
    package static func execute(
        descriptor: Int32, _ arguments: borrowing CStringArray, _ environment: borrowing CStringArray
    ) throws(SyscallError) {
        let argv = arguments.pointers
        let envp = environment.pointers
        try checkNegative("execveat") { clinux_execveat(descriptor, "", argv, envp, 0x1000) }
    }

    /// The variables of this process, as `NAME=value`.
    package static func environment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(String(cString: variable))
            next += 1
        }
        return variables
    }

    /// Closes every descriptor from `first` on, or with `onExecute` marks them to be closed by execve(2).
    ///
    /// Source: close_range(2), Linux 5.9 and 5.11.
    package static func closeDescriptors(from first: Int32, onExecute: Bool) throws(SyscallError) {
        try checkNegative("close_range") { clinux_close_range(UInt32(first), .max, onExecute ? 4 : 0) }
    }

    /// The kernel's own word for the working directory: `(unreachable)/…` when it lies outside our root.
    package static func workingDirectory() throws(SyscallError) -> String {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { (buffer) throws(SyscallError) -> String in
            try checkNegative("getcwd") { clinux_getcwd(buffer.baseAddress, buffer.count) }
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }

    package static func changeDirectory(_ path: String) throws(SyscallError) {
        try check("chdir", path) { chdir(path) }
    }

    package static func changeDirectory(_ descriptor: Int32) throws(SyscallError) {
        try check("fchdir") { fchdir(descriptor) }
    }

    /// Makes descriptor `number` a copy of `descriptor` that survives execve(2).
    package static func place(_ descriptor: Int32, at number: Int32) throws(SyscallError) {
        if descriptor == number {
            try check("fcntl") { fcntl(number, F_SETFD, 0) }
        } else {
            try check("dup2") { dup2(descriptor, number) }
        }
    }
}
