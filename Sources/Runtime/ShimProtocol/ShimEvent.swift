package import JSON

/// How a process ended, also the content of `exit.json` and `exec-<id>.json`.
package struct ShimExit: Equatable, Sendable {
    /// As a shell says it: the exit code, or 128 + the signal.
    package var code: Int32
    /// The signal that ended it, if one did.
    package var signal: Int32?
    /// Whether the kernel killed a process of the container for want of memory.
    package var oomKilled: Bool
    /// When it was reaped, in nanoseconds since 1970.
    package var time: Int64

    package init(code: Int32, signal: Int32? = nil, oomKilled: Bool = false, time: Int64) {
        self.code = code
        self.signal = signal
        self.oomKilled = oomKilled
        self.time = time
    }
}

/// What a shim tells without being asked.
package enum ShimEvent: Equatable, Sendable {
    case started(ShimProcess)
    case execStarted(id: String, ShimProcess)
    /// The container (`exec` nil) or an exec has ended and its output was delivered; the exit file is written.
    case exited(exec: String?, ShimExit)
    case oom
    case paused
    case resumed
    /// The log could not be written; told once until it can be written again.
    case logFailed(errno: Int32, message: String)
    /// Cgroup and runtime state are gone: the same container may be started again. `failure` says what could not be removed.
    case deleted(failure: ShimFailure?)

    /// The event as a frame.
    package var frame: Frame { Frame(.event, encoded()) }
}

extension ShimExit: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        code = try json["code"].int()
        signal = try json["signal"].intIfPresent()
        oomKilled = try json["oom"].boolIfPresent() ?? false
        time = try json["time"].int()
    }

    package var json: JSONValue { .object(members) }

    fileprivate var members: JSONObject {
        var members: JSONObject = ["version": ShimProtocol.version.json, "code": code.json]
        members["signal"] = signal?.json
        members["oom"] = .bool(oomKilled)
        members["time"] = time.json
        return members
    }
}

extension ShimEvent: JSONCodable {
    /// - Throws: also when the event is not known, which a reader ignores.
    package init(json: JSONField) throws(JSONError) {
        switch try json["event"].string() {
        case "started": self = .started(try ShimProcess(json: json))
        case "execStarted": self = .execStarted(id: try json["exec"].string(), try ShimProcess(json: json))
        case "exited": self = .exited(exec: try json["exec"].stringIfPresent(), try ShimExit(json: json))
        case "oom": self = .oom
        case "paused": self = .paused
        case "resumed": self = .resumed
        case "logFailed":
            self = .logFailed(errno: try json["errno"].int(), message: try json["message"].string())
        case "deleted": self = .deleted(failure: try json["error"].readIfPresent())
        default: throw json["event"].mismatch(expected: "an event that this program knows")
        }
    }

    package var json: JSONValue {
        var members: JSONObject = ["event": .string(name)]
        switch self {
        case .started(let process):
            members["pid"] = process.pid.json
            members["pidStartTime"] = process.startTime.json
        case .execStarted(let id, let process):
            members["exec"] = .string(id)
            members["pid"] = process.pid.json
            members["pidStartTime"] = process.startTime.json
        case .exited(let exec, let exit):
            members["exec"] = exec?.json
            members.merge(exit.members)
        case .oom, .paused, .resumed: break
        case .logFailed(let errno, let message):
            members["errno"] = errno.json
            members["message"] = .string(message)
        case .deleted(let failure): members["error"] = failure?.json
        }
        return .object(members)
    }

    private var name: String {
        switch self {
        case .started: "started"
        case .execStarted: "execStarted"
        case .exited: "exited"
        case .oom: "oom"
        case .paused: "paused"
        case .resumed: "resumed"
        case .logFailed: "logFailed"
        case .deleted: "deleted"
        }
    }
}
