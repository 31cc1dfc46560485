/// Why a peer or the tracker did not give what was asked, by what the caller can do.
package enum TransferError: Error, Equatable, Sendable {
    /// Nobody answers there.
    case unreachable(String)
    /// It broke off, or was called off.
    case interrupted(String)
    /// It answered with `status` and did not do it.
    case refused(status: Int, String)
    /// What came is not what was asked for.
    case malformed(String)
    /// Certificates or keys cannot be used.
    case security(String)
    /// The address cannot be listened at.
    case listen(String)
}

extension TransferError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let text), .interrupted(let text), .refused(_, let text), .malformed(let text),
            .security(let text), .listen(let text):
            text
        }
    }
}
