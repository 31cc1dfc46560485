package import DiskQuota
package import LinuxKernel

/// Why a volume or a quota could not be had, by what the caller can do about it.
package enum VolumesError: Error, Equatable, Sendable {
    /// The request contradicts itself, or asks what no driver here can do.
    case invalid(String)
    case notFound(String)
    /// Somebody else has it, or has it otherwise.
    case conflict(String)
    /// The limit cannot be enforced; the text says why.
    case quota(QuotaError)
    case kernel(doing: String, SyscallError)
    /// A plugin, a program or the ledger failed.
    case failed(String)
}

extension VolumesError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalid(let text), .notFound(let text), .conflict(let text), .failed(let text): text
        case .quota(let error): error.description
        case .kernel(let doing, let error): "\(doing): \(error)"
        }
    }
}
