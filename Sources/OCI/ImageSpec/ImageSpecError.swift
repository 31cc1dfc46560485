/// Why a text is no digest, reference or platform.
package enum ImageSpecError: Error, Equatable, Sendable {
    case invalidDigest(String, reason: String)
    case invalidReference(String, reason: String)
    case invalidPlatform(String, reason: String)
}

extension ImageSpecError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidDigest(let text, let reason): "invalid digest \(Self.quote(text)): \(reason)"
        case .invalidReference(let text, let reason): "invalid reference format: \(Self.quote(text)): \(reason)"
        case .invalidPlatform(let text, let reason): "invalid platform \(Self.quote(text)): \(reason)"
        }
    }

    /// Quoted, printable, and not longer than a line.
    private static func quote(_ text: String) -> String {
        let printable = text.unicodeScalars.prefix(120).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }
        return "\"\(printable.joined())\(text.unicodeScalars.count > 120 ? "…" : "")\""
    }
}
