internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

/// Hands the descriptor of seccomp notifications to the agent that answers them.
enum SeccompListener {
    /// Sends the container's process state with the descriptor, and closes ours.
    static func handOver(
        _ descriptors: [Int32], pid: Int32, state: RuntimeSpec.State, seccomp: RuntimeSpec.Seccomp?
    ) throws(RuntimeError) {
        defer { for number in descriptors { close(number) } }
        guard let path = seccomp?.listenerPath else { return }
        // The version of this message, not of the container: agents know the one of the specification's example.
        let process = RuntimeSpec.ProcessState(
            ociVersion: "0.2.0", fds: ["seccompFd"], pid: Int(pid), metadata: seccomp?.listenerMetadata,
            state: state)
        try step("seccomp listener \(path)") { () throws(SyscallError) in
            let socket: Descriptor
            do throws(SyscallError) { socket = try Messages.connect(to: path) } catch {
                throw SyscallError("failed to connect with seccomp agent", errno: error.errno, subject: path)
            }
            try Messages.send(process.encoded(), descriptors: descriptors, over: socket.raw)
        }
    }
}
