package import JSON

/// What a shim answers to one request.
package enum ShimReply: Equatable, Sendable {
    case done
    /// An attachment has begun, and the log held so much by then: everything later comes as frames.
    case attached(LogPosition)
    case state(ShimState)
    /// An exec runs.
    case started(ShimProcess)
    case processes([Int32])
    case failure(ShimFailure)

    /// The reply as a frame.
    package var frame: Frame { Frame(.reply, encoded()) }
}

/// A place in a container's log: what is before it was written, in this file or in those rotated away before.
package struct LogPosition: Equatable, Sendable {
    /// Of the file that was the newest then; it keeps the number when it is rotated.
    package var inode: UInt64
    /// The bytes that it held.
    package var size: UInt64

    package init(inode: UInt64, size: UInt64) {
        self.inode = inode
        self.size = size
    }
}

/// A process of the container, as the host sees it.
package struct ShimProcess: Equatable, Sendable {
    package var pid: Int32
    /// When it started, in clock ticks since boot: with the pid, this names a process for as long as the machine is up.
    package var startTime: UInt64

    package init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }
}

extension ShimReply: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        if let failure = try json["error"].readIfPresent(ShimFailure.self) {
            self = .failure(failure)
            return
        }
        switch try json["reply"].string() {
        case "done":
            // Without a log there is no more to say; older shims never say more.
            self = try json["log"].readIfPresent(LogPosition.self).map { .attached($0) } ?? .done
        case "state": self = .state(try json["state"].read())
        case "started": self = .started(try json["process"].read())
        case "processes": self = .processes(try json["pids"].read())
        default: throw json["reply"].mismatch(expected: "a reply that this program knows")
        }
    }

    package var json: JSONValue {
        var members: JSONObject = ["version": ShimProtocol.version.json]
        switch self {
        case .done: members["reply"] = "done"
        case .attached(let position):
            members["reply"] = "done"
            members["log"] = position.json
        case .state(let state):
            members["reply"] = "state"
            members["state"] = state.json
        case .started(let process):
            members["reply"] = "started"
            members["process"] = process.json
        case .processes(let pids):
            members["reply"] = "processes"
            members["pids"] = pids.json
        case .failure(let failure): members["error"] = failure.json
        }
        return .object(members)
    }
}

extension ShimProcess: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        pid = try json["pid"].int()
        startTime = try json["pidStartTime"].int()
    }

    package var json: JSONValue { ["pid": pid.json, "pidStartTime": startTime.json] }
}

extension LogPosition: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        inode = try json["inode"].int()
        size = try json["size"].int()
    }

    package var json: JSONValue { ["inode": inode.json, "size": size.json] }
}
