package import LinuxKernel

/// Why a request to the daemon gave no result.
package enum ClientError: Error, Hashable, Sendable {
    /// The address of the daemon cannot be used.
    case host(String, reason: String)
    /// Nobody listens there, or we may not connect.
    case unreachable(Endpoint, SyscallError)
    /// The daemon said no, with an HTTP status and a sentence of its own.
    case refused(status: Int, message: String)
    /// The connection failed in the middle of `doing` something.
    case broken(doing: String, SyscallError)
    /// The daemon closed the connection before it had answered.
    case ended(doing: String)
    /// The daemon answered with something that is not HTTP or not what the API says.
    case malformed(String)
    /// The user asked twice to stop while the daemon was silent.
    case interrupted
    /// A key sequence that cannot be read.
    case keys(String, reason: String)

    /// The HTTP status, when the daemon answered with one.
    package var status: Int? {
        if case .refused(let status, _) = self { status } else { nil }
    }
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .host(let text, let reason): return "\(text): \(reason)"
        case .unreachable(let endpoint, let error):
            var reason = SyscallError(error.call, errno: error.errno).description
            if let colon = reason.firstIndex(of: ":") { reason = String(reason[reason.index(colon, offsetBy: 2)...]) }
            return "cannot connect to pouchd at \(endpoint): \(reason.lowercasedFirst); is it running?"
        case .refused(_, let message): return message
        case .broken(let doing, let error): return "\(doing): \(error)"
        case .ended(let doing): return "\(doing): the daemon closed the connection"
        case .malformed(let what): return "unexpected answer from the daemon: \(what)"
        case .interrupted: return "interrupted while waiting for the daemon"
        case .keys(let text, let reason): return "invalid detach keys (\(text)): \(reason)"
        }
    }
}

extension String {
    /// The same with a small first letter, to stand inside a sentence.
    var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
