internal import JSON
internal import LinuxKernel
internal import ShimProtocol

/// The log of one container: lines are gathered during a round of the loop and written at its end.
final class ContainerLog {
    private var encoder: LogEncoder
    private var file: LogFile
    /// Whether the last write failed, which has been told.
    private var isFailing = false

    /// - Throws: when the file cannot be opened: a container whose log is asked for does not start without it.
    init(_ configuration: ShimConfiguration.Log) throws(SyscallError) {
        file = try LogFile(path: configuration.path, maxFile: configuration.maxFile)
        encoder = LogEncoder(
            maxSize: configuration.maxSize, attributes: configuration.attributes, isCRI: configuration.isCRI)
        encoder.written(fileSize: file.size)
    }

    var counters: ShimState.Log { file.counters }

    /// Where the next line will be, if what was gathered has been written.
    var position: LogPosition { LogPosition(inode: file.inode, size: file.size) }

    /// The beginning of a line whose end has not come; less than 16 KiB.
    func begun(_ stream: OutputStream) -> [UInt8] { encoder.rest(of: stream) }

    func append(_ bytes: UnsafeRawBufferPointer, from stream: OutputStream, now: Int64) {
        encoder.append(bytes, from: stream, now: now)
    }

    func finish(_ stream: OutputStream, now: Int64) {
        encoder.finish(stream, now: now)
    }

    /// Writes what was gathered.
    ///
    /// - Returns: An event when the disk begins to refuse.
    func flush() -> ShimEvent? {
        guard encoder.buffer.count > 0 else { return nil }
        let failure = file.write(encoder.buffer.bytes, cuts: encoder.cuts)
        encoder.written(fileSize: file.size)
        defer { isFailing = failure != nil }
        guard let failure, !isFailing else { return nil }
        return .logFailed(errno: failure.errno, message: "\(failure)")
    }

    /// Gives memory back that only a busy moment needs.
    func release() { encoder.release() }
}
