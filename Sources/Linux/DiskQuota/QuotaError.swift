package import LinuxKernel

/// Why a limit could not be set, changed or read.
package enum QuotaError: Error, Equatable, Sendable {
    /// This driver cannot do it anywhere; the text says what, and the way out.
    case unsupported(driver: String, String)
    /// There is more already than the new limit allows, or less than a filesystem needs.
    case tooSmall(String)
    /// The program that makes filesystems failed, with what it said.
    case maker(String)
    case kernel(doing: String, SyscallError)
}

extension QuotaError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsupported(let driver, let text): "the \(driver) quota driver \(text)"
        case .tooSmall(let text), .maker(let text): text
        case .kernel(let doing, let error): "\(doing): \(error)"
        }
    }
}

/// Names what was being done when the kernel refused.
@discardableResult
func quota<Result>(
    _ doing: @autoclosure () -> String, _ body: () throws(SyscallError) -> Result
) throws(QuotaError) -> Result {
    do throws(SyscallError) {
        return try body()
    } catch {
        throw .kernel(doing: doing(), error)
    }
}
