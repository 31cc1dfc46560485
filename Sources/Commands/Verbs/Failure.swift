internal import DockerClient

/// Why a verb did not do what was asked, and what the process exits with.
enum Failure: Error {
    /// The daemon, or the way to it.
    case client(ClientError)
    /// A sentence for the user.
    case message(String, code: Int32 = 1)
    /// Everything has been said; only the code is left.
    case exit(Int32)

    /// What to print, if anything is left to say.
    var text: String? {
        switch self {
        case .client(let error): "\(error)"
        case .message(let text, _): text
        case .exit: nil
        }
    }

    var code: Int32 {
        switch self {
        case .client: 1
        case .message(_, let code), .exit(let code): code
        }
    }
}

/// Runs requests and lets a verb throw its own kind of error.
@discardableResult
func asking<Result>(_ body: () throws(ClientError) -> Result) throws(Failure) -> Result {
    do throws(ClientError) {
        return try body()
    } catch {
        throw .client(error)
    }
}
