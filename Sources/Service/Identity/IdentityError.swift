/// Why a certificate, a token or a grant is no good, or cannot be made.
package enum IdentityError: Error, Equatable, Sendable {
    /// Text that cannot be read as what it should be.
    case malformed(String)
    /// A token that nobody gave out.
    case badToken
    /// One that has let somebody in already, who is named where that is known.
    case tokenUsed(by: String)
    case tokenRevoked
    case tokenExpired
    /// Not signed by who should have signed it.
    case untrusted(String)
    /// A certificate or a grant whose time is over.
    case expired(String)
    /// A name that no node can have.
    case name(String)
    /// The file cannot be read or written.
    case file(path: String, errno: Int32)
    /// A library refused, with its reason.
    case cryptography(String)
}

extension IdentityError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let what): "\(what): malformed"
        case .badToken: "the join token is none of this pool's; ask for one on its server"
        case .tokenUsed(let name):
            "the join token was used already\(name.isEmpty ? "" : " by \(name)"); each lets one node in: ask for another"
        case .tokenRevoked: "the join token was revoked; ask for another on the pool's server"
        case .tokenExpired: "the join token is too old; ask for another on the pool's server"
        case .untrusted(let what): "\(what): not signed by this pool's authority"
        case .expired(let what): "\(what): its time is over"
        case .name(let name): "node name \(name): lower case letters, digits and hyphens, at most 63"
        case .file(let path, let errno): "\(path): errno \(errno)"
        case .cryptography(let why): why
        }
    }
}
