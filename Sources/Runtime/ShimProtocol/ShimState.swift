package import JSON

/// Everything a pouchd that has just started needs to take over a container.
package struct ShimState: Equatable, Sendable {
    package enum Status: String, Sendable {
        case running, paused
        /// The first process has ended, its output is still being delivered or the container removed.
        case stopping
        /// Nothing is left but the shim and the exit file.
        case stopped
    }

    package struct Exec: Equatable, Sendable {
        package var id: String
        package var process: ShimProcess

        package init(id: String, process: ShimProcess) {
            self.id = id
            self.process = process
        }
    }

    /// What became of the output so far, in bytes as the container wrote them.
    package struct Log: Equatable, Sendable {
        package var logged: UInt64
        /// Bytes that could not be written because the disk refused them.
        package var lost: UInt64
        package var failures: UInt64

        package init(logged: UInt64 = 0, lost: UInt64 = 0, failures: UInt64 = 0) {
            self.logged = logged
            self.lost = lost
            self.failures = failures
        }
    }

    package var id: String
    package var shimPID: Int32
    package var status: Status
    package var process: ShimProcess
    /// Those that are alive.
    package var execs: [Exec]
    package var oomKilled: Bool
    package var exit: ShimExit?
    package var log: Log
    /// How many connections are attached to the container.
    package var attached: Int

    package init(
        id: String, shimPID: Int32, status: Status, process: ShimProcess, execs: [Exec] = [], oomKilled: Bool = false,
        exit: ShimExit? = nil, log: Log = Log(), attached: Int = 0
    ) {
        self.id = id
        self.shimPID = shimPID
        self.status = status
        self.process = process
        self.execs = execs
        self.oomKilled = oomKilled
        self.exit = exit
        self.log = log
        self.attached = attached
    }
}

extension ShimState: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        id = try json["id"].string()
        shimPID = try json["shimPID"].int()
        guard let status = Status(rawValue: try json["status"].string()) else {
            throw json["status"].mismatch(expected: "a status that this program knows")
        }
        self.status = status
        process = try json["process"].read()
        execs = try json["execs"].read()
        oomKilled = try json["oomKilled"].bool()
        exit = try json["exit"].readIfPresent()
        log = try json["log"].read()
        attached = try json["attached"].int()
    }

    package var json: JSONValue {
        var members: JSONObject = [
            "id": .string(id), "shimPID": shimPID.json, "status": .string(status.rawValue), "process": process.json,
            "execs": execs.json, "oomKilled": .bool(oomKilled), "log": log.json, "attached": attached.json,
            "supportedVersions": ShimProtocol.supportedVersions.json,
        ]
        members["exit"] = exit?.json
        return .object(members)
    }
}

extension ShimState.Exec: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        id = try json["id"].string()
        process = try ShimProcess(json: json)
    }

    package var json: JSONValue {
        ["id": .string(id), "pid": process.pid.json, "pidStartTime": process.startTime.json]
    }
}

extension ShimState.Log: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        logged = try json["logged"].int()
        lost = try json["lost"].int()
        failures = try json["failures"].int()
    }

    package var json: JSONValue { ["logged": logged.json, "lost": lost.json, "failures": failures.json] }
}
