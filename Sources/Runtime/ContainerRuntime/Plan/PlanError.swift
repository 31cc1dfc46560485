/// Why a `config.json` cannot become a plan.
package enum PlanError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The value at `path` is not one that any kernel could perform; `why` finishes the sentence.
    case invalid(path: String, why: String)
    /// The value at `path` is sound, and this runtime or this machine has no such thing.
    case unsupported(path: String, why: String)

    package var description: String {
        switch self {
        case .invalid(let path, let why), .unsupported(let path, let why): "config.json: \(path): \(why)"
        }
    }
}
