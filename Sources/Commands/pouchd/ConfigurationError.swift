/// Why pouchd cannot run as it was told.
enum ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// A flag's or a key's value that makes no sense.
    case invalid(name: String, value: String, why: String)
    /// The configuration file as a whole.
    case file(path: String, why: String)
    /// Something on this machine that is missing or in the way.
    case machine(String)

    var description: String {
        switch self {
        case .invalid(let name, let value, let why): "invalid value \"\(value)\" for \(name): \(why)"
        case .file(let path, let why): "unable to configure pouchd with file \(path): \(why)"
        case .machine(let what): what
        }
    }
}
