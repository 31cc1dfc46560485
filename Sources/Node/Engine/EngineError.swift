package import LinuxKernel
internal import DiskQuota
internal import Volumes

/// Why the engine did not do what it was asked, by what the caller can do about it.
///
/// Messages are Docker's where clients match on them.
package enum EngineError: Error, Equatable, Sendable {
    /// There is no such object; the message names its kind and the reference as the caller wrote it.
    case notFound(String)
    /// The request contradicts itself or this machine; no retry helps.
    case invalid(String)
    /// The object's present state, or another object, forbids it.
    case conflict(String)
    /// It is that way already.
    case notModified(String)
    /// The caller may not do this.
    case forbidden(String)
    /// A registry does not take the caller's credentials, or wants some.
    case unauthorized(String)
    /// Pouch does not have this.
    case unsupported(String)
    /// The container's or exec's program could not be started.
    case startFailed(StartFailure)
    /// The kernel or the disk refused while we were `doing` something.
    case system(doing: String, SyscallError)
    /// Anything else that broke, such as a damaged database or archive.
    case failed(String)

    /// Why a program did not start.
    package struct StartFailure: Equatable, Sendable {
        /// What the runtime was doing.
        package var stage: String
        package var errno: Int32
        package var message: String
        /// What `docker run` exits with: 127 not found, 126 not executable, 125 anything else.
        package var exitCode: Int32

        package init(stage: String, errno: Int32 = 0, message: String, exitCode: Int32 = 125) {
            self.stage = stage
            self.errno = errno
            self.message = message
            self.exitCode = exitCode
        }
    }

    /// For people, and for clients that search it.
    package var message: String {
        switch self {
        case .notFound(let text), .invalid(let text), .conflict(let text), .notModified(let text),
            .forbidden(let text), .unauthorized(let text), .unsupported(let text), .failed(let text):
            text
        case .startFailed(let failure): failure.message
        case .system(let doing, let error): "\(doing): \(error)"
        }
    }
}

extension EngineError {
    init(_ error: VolumesError) {
        switch error {
        case .invalid(let text): self = .invalid(text)
        case .notFound(let text): self = .notFound(text)
        case .conflict(let text): self = .conflict(text)
        case .quota(.kernel(let doing, let reason)), .kernel(let doing, let reason):
            self = .system(doing: doing, reason)
        case .quota(.unsupported), .quota(.tooSmall): self = .invalid("\(error)")
        case .quota(.maker), .failed: self = .failed("\(error)")
        }
    }

    static func noSuchContainer(_ reference: String) -> EngineError { .notFound("No such container: \(reference)") }
    static func noSuchExec(_ id: String) -> EngineError { .notFound("No such exec instance: \(id)") }
    static func noSuchImage(_ reference: String) -> EngineError { .notFound("No such image: \(reference)") }
    static func noSuchVolume(_ name: String) -> EngineError { .notFound("get \(name): no such volume") }
    static func noSuchNetwork(_ name: String) -> EngineError { .notFound("network \(name) not found") }
    static func notRunning(_ id: String) -> EngineError { .conflict("container \(id) is not running") }
    static func paused(_ id: String) -> EngineError {
        .conflict("Container \(id) is paused. Unpause the container before stopping or killing")
    }
}
