package import Archives
package import ContentStore
package import ImageSpec
package import LinuxKernel

/// Why an image could not be found, read, made or removed.
package enum ImageError: Error, Equatable, Sendable {
    case notFound(String)
    /// The prefix fits several images.
    case ambiguous(String)
    case invalidReference(String, reason: String)
    /// It is in use, or has other names; `reason` says by whom.
    case conflict(String, reason: String)
    /// What was sent is no image, or not the one it says it is.
    case malformed(String)
    /// A layer's bytes are not those the image names.
    case layerMismatch(expected: Digest, actual: Digest)
    case archive(ArchiveError)
    case content(ContentError)
    /// Its bytes could not be had.
    case source(BlobSourceError)
    case kernel(SyscallError)
}

extension ImageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let name): "no such image: \(name)"
        case .ambiguous(let prefix): "image prefix \(prefix) is ambiguous"
        case .invalidReference(_, let reason): reason
        case .conflict(let name, let reason): "conflict: image \(name): \(reason)"
        case .malformed(let reason): "invalid image: \(reason)"
        case .layerMismatch(let expected, let actual): "layer \(expected): its content is that of \(actual)"
        case .archive(let error): error.description
        case .content(let error): error.description
        case .source(let error): error.description
        case .kernel(let error): error.description
        }
    }
}

/// Gives errors of the rooms below this one's type.
func translating<Result>(_ body: () throws(ArchiveError) -> Result) throws(ImageError) -> Result {
    do throws(ArchiveError) {
        return try body()
    } catch {
        throw .archive(error)
    }
}

func keeping<Result>(_ body: () throws(ContentError) -> Result) throws(ImageError) -> Result {
    do throws(ContentError) {
        return try body()
    } catch {
        throw .content(error)
    }
}

func kernel<Result: ~Copyable>(_ body: () throws(SyscallError) -> Result) throws(ImageError) -> Result {
    do throws(SyscallError) {
        return try body()
    } catch {
        throw .kernel(error)
    }
}
