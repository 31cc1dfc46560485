internal import ContentStore
package import Identity
package import LinuxKernel
package import Transfer

/// Why a node cannot do its part in the pool.
package enum PoolError: Error, Equatable, Sendable {
    /// The disk refused, or is full.
    case kernel(SyscallError)
    case identity(IdentityError)
    case transfer(TransferError)
    /// What a peer, the tracker or a file of ours says cannot be read.
    case malformed(String)
}

extension PoolError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .kernel(let error): error.description
        case .identity(let error): error.description
        case .transfer(let error): error.description
        case .malformed(let text): text
        }
    }
}
