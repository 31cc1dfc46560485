internal import DockerClient
internal import Glibc
internal import LinuxKernel

/// Archives between the daemon and a file, or standard output.
enum ArchiveFile {
    /// Writes the answer to `file`, or to standard output unless that is a terminal.
    ///
    /// A file appears under its name only when it is whole; what is no plain file, such as `/dev/null`, is written in place.
    static func save(_ request: Request, to file: String?, _ session: Session) throws(Failure) {
        guard let file else {
            guard !Terminal.isTerminal(session.output) else {
                throw .message("cowardly refusing to save to a terminal. Use the -o flag or redirect")
            }
            return try copy(try session.open(request), to: session.output)
        }
        guard isReplaceable(file) else {
            return try copy(try session.open(request), to: try opened(file, O_WRONLY).raw)
        }
        let stream = try session.open(request)
        let partial = file + ".part"
        let target = try opened(partial, O_WRONLY | O_CREAT | O_TRUNC)
        do throws(Failure) {
            try copy(stream, to: target.raw)
        } catch {
            unlink(partial)
            throw error
        }
        guard rename(partial, file) == 0 else {
            throw .message("\(SyscallError("rename", errno: errno, subject: file))")
        }
    }

    /// Opens a file, whose failure is the user's to see.
    static func opened(_ file: String, _ flags: Int32) throws(Failure) -> Descriptor {
        do throws(SyscallError) {
            return try Descriptor.open(file, flags, mode: 0o600)
        } catch {
            throw .message("\(error)")
        }
    }

    static func copy(_ stream: ResponseStream, to descriptor: Int32) throws(Failure) {
        try asking { () throws(ClientError) in
            while let piece = try stream.read() { try writeAll(piece[...], to: descriptor) }
        }
    }

    private static func isReplaceable(_ file: String) -> Bool {
        var status = stat()
        return stat(file, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }
}
