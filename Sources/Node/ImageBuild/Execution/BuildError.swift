package import Engine
internal import Archives
internal import Snapshots

/// Why a build made no image.
package enum BuildError: Error, Equatable, Sendable {
    /// The Dockerfile cannot be read or planned.
    case dockerfile(DockerfileError)
    /// What was sent along, or asked for, cannot be used.
    case invalid(String)
    /// A step could not be done.
    case step(line: Int, reason: String)
    /// A command of the Dockerfile ended with something else than 0.
    case command(line: Int, words: [String], code: Int)
    /// The engine or the disk would not.
    case engine(EngineError)
    /// Whoever wanted the image went away.
    case cancelled

    package var message: String {
        switch self {
        case .dockerfile(let error): error.description
        case .invalid(let reason): reason
        case .step(let line, let reason): "dockerfile line \(line): \(reason)"
        case .command(let line, let words, let code):
            "dockerfile line \(line): The command '\(words.joined(separator: " "))' returned a non-zero code: \(code)"
        case .engine(let error): error.message
        case .cancelled: "the build was cancelled"
        }
    }

    /// What `docker build` exits with.
    package var code: Int {
        if case .command(_, _, let code) = self { return code }
        return 1
    }

    /// The same error as one of the step on `line`.
    func at(_ line: Int) -> BuildError {
        switch self {
        case .dockerfile(let error): .step(line: line, reason: error.reason)
        case .invalid(let reason): .step(line: line, reason: reason)
        case .engine(let error): .step(line: line, reason: error.message)
        case .step, .command, .cancelled: self
        }
    }
}

/// Gives errors of the rooms below the builder's type.
func building<Result>(_ body: () throws(ArchiveError) -> Result) throws(BuildError) -> Result {
    do throws(ArchiveError) { return try body() } catch { throw .invalid(error.description) }
}

func snapshotting<Result>(_ body: () throws(SnapshotError) -> Result) throws(BuildError) -> Result {
    do throws(SnapshotError) { return try body() } catch { throw .invalid(error.description) }
}

func storing<Result>(_ body: () async throws(ImageError) -> Result) async throws(BuildError) -> Result {
    do throws(ImageError) { return try await body() } catch { throw .invalid(error.description) }
}

func asking<Result>(_ body: () async throws(EngineError) -> Result) async throws(BuildError) -> Result {
    do throws(EngineError) { return try await body() } catch { throw .engine(error) }
}

func reading<Result>(_ body: () throws(DockerfileError) -> Result) throws(BuildError) -> Result {
    do throws(DockerfileError) { return try body() } catch { throw .dockerfile(error) }
}
