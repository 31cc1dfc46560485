package import ImageSpec
package import LinuxKernel

/// Why a blob could not be kept or given.
package enum ContentError: Error, Equatable, Sendable {
    case notFound(Digest)
    /// The bytes are not those that were promised.
    case mismatch(expected: Digest, actual: Digest)
    /// More or fewer bytes than were promised; `actual` is nil when there were only too many to go on.
    case wrongSize(expected: Int64, actual: Int64?)
    case tooLarge(limit: Int)
    case kernel(SyscallError)
}

extension ContentError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let digest): "blob \(digest): not found"
        case .mismatch(let expected, let actual): "blob \(expected): its bytes are those of \(actual)"
        case .wrongSize(let expected, let actual?): "blob of \(expected) bytes: has \(actual)"
        case .wrongSize(let expected, nil): "blob of \(expected) bytes: has more"
        case .tooLarge(let limit): "blob is larger than the \(limit) bytes allowed"
        case .kernel(let error): error.description
        }
    }
}

/// Runs kernel calls of this room and gives their refusals the room's error type.
@inline(__always)
func kernel<Result: ~Copyable>(_ body: () throws(SyscallError) -> Result) throws(ContentError) -> Result {
    do throws(SyscallError) {
        return try body()
    } catch {
        throw .kernel(error)
    }
}
