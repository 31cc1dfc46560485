internal import ContentStore

/// Why a registry did not do what was asked, by what the caller can do about it.
package enum RegistryError: Error, Equatable, Sendable {
    /// The registry does not have it.
    case notFound(String)
    /// Credentials are missing, wrong or not enough.
    case denied(String)
    /// It asks for less, and not before `after`.
    case tooMany(String, after: Duration?)
    /// Nobody answers there, or not as a registry does.
    case unreachable(String)
    /// The connection broke; asking again may help.
    case interrupted(String)
    /// It answered with `status` and did not do it.
    case refused(status: Int, String)
    /// What it sent is not what it promised or not what we can read.
    case malformed(String)
    /// The settings for this registry, such as a certificate file, cannot be used.
    case settings(String)
}

extension RegistryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let text), .denied(let text), .tooMany(let text, _), .unreachable(let text),
            .interrupted(let text), .refused(_, let text), .malformed(let text), .settings(let text):
            text
        }
    }

    /// Whether the same request may succeed later.
    var isTransient: Bool {
        switch self {
        case .tooMany, .unreachable, .interrupted: true
        case .refused(let status, _): status == 408 || status >= 500
        case .notFound, .denied, .malformed, .settings: false
        }
    }

    /// How long it asked us to wait.
    var delay: Duration? { if case .tooMany(_, let after) = self { after } else { nil } }
}

extension BlobSourceError {
    init(_ error: RegistryError) {
        switch error {
        case .notFound(let text): self = .notFound(text)
        case .denied(let text), .malformed(let text), .settings(let text): self = .refused(text)
        case .tooMany(let text, let after): self = .interrupted(text, after: after)
        case .unreachable(let text), .interrupted(let text): self = .interrupted(text, after: nil)
        case .refused(let status, let text):
            self = status == 408 || status >= 500 ? .interrupted(text, after: nil) : .refused(text)
        }
    }
}
