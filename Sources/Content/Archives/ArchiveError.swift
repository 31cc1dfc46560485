package import LinuxKernel

/// Why an archive could not be read, unpacked or written.
package enum ArchiveError: Error, Equatable, Sendable {
    /// Not an archive that we read, damaged, or cut off; the text is the reader's.
    case malformed(String)
    /// An entry that tries to reach out of its root, or that no honest archive has.
    case hostile(entry: String, reason: String)
    /// More bytes or entries than were declared or allowed.
    case tooLarge(limit: Int64)
    /// What is there already forbids the entry.
    case conflict(entry: String, reason: String)
    /// The path that was asked for does not exist.
    case notFound(String)
    /// The kernel refused.
    case kernel(SyscallError)
    /// Whoever supplied or took the bytes went away or failed.
    case interrupted(String)
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let reason): "archive: \(reason)"
        case .hostile(let entry, let reason): "archive entry \(entry): \(reason)"
        case .tooLarge(let limit): "archive: larger than the \(limit) allowed"
        case .conflict(let entry, let reason): "\(entry): \(reason)"
        case .notFound(let path): "\(path): no such file or directory"
        case .kernel(let error): error.description
        case .interrupted(let reason): "archive stream: \(reason)"
        }
    }
}

/// Runs kernel calls of this room and gives their refusals the room's error type.
@inline(__always)
package func kernel<Result: ~Copyable>(
    _ body: () throws(SyscallError) -> Result
) throws(ArchiveError) -> Result {
    do throws(SyscallError) {
        return try body()
    } catch {
        throw .kernel(error)
    }
}
