internal import Engine
internal import HTTPTypes
internal import Hummingbird

extension EngineError {
    /// The one place where an error becomes a status.
    var status: HTTPResponse.Status {
        switch self {
        case .notFound: .notFound
        case .invalid: .badRequest
        case .conflict: .conflict
        case .notModified: .notModified
        case .forbidden: .forbidden
        case .unauthorized: .unauthorized
        case .unsupported: .notImplemented
        // Docker's clients take 400 for "the image or the command is wrong" and 500 for "the daemon is".
        case .startFailed(let failure): failure.exitCode == 125 ? .internalServerError : .badRequest
        case .system, .failed: .internalServerError
        }
    }

    var answer: Response {
        if case .notModified = self { return Response(status: .notModified) }
        return Answer.error(status, message)
    }
}
