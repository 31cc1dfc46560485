package import JSON
internal import RuntimeSpec

extension StreamSelection: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        stdin = try json["stdin"].boolIfPresent() ?? false
        stdout = try json["stdout"].boolIfPresent() ?? false
        stderr = try json["stderr"].boolIfPresent() ?? false
    }

    package var json: JSONValue {
        ["stdin": .bool(stdin), "stdout": .bool(stdout), "stderr": .bool(stderr)]
    }
}

extension ShimRequest: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        version = try json["version"].int()
        requestID = try json["requestID"].stringIfPresent()
        action = try Action(json: json)
    }

    package var json: JSONValue {
        var members: JSONObject = ["version": version.json, "request": .string(action.name)]
        members["requestID"] = requestID?.json
        members.merge(action.arguments)
        return .object(members)
    }
}

extension ShimRequest.Action {
    init(json: JSONField) throws(JSONError) {
        switch try json["request"].string() {
        case "state": self = .state
        case "attach":
            self = .attach(try json["streams"].read(), afterLog: try json["afterLog"].boolIfPresent() ?? false)
        case "exec":
            self = .exec(
                id: try Self.execID(json["id"]), process: try json["process"].read(),
                streams: try json["streams"].readIfPresent() ?? .none)
        case "kill": self = .kill(signal: try json["signal"].int(), target: try ShimRequest.KillTarget(json: json))
        case "resize":
            self = .resize(
                rows: try json["rows"].int(), columns: try json["columns"].int(),
                exec: try json["exec"].stringIfPresent())
        case "closeStdin": self = .closeStdin(exec: try json["exec"].stringIfPresent())
        case "pause": self = .pause
        case "resume": self = .resume
        case "update": self = .update(try json["resources"].read())
        case "processes": self = .processes
        case "subscribe": self = .subscribe
        case "shutdown": self = .shutdown
        default: throw json["request"].mismatch(expected: "a request this shim knows")
        }
    }

    /// The id becomes part of a file name.
    private static func execID(_ field: JSONField) throws(JSONError) -> String {
        let id = try field.string()
        guard !id.isEmpty, id.utf8.count <= 200, !id.utf8.contains(UInt8(ascii: "/")), !id.utf8.contains(0) else {
            throw field.mismatch(expected: "an exec id: 1 to 200 bytes without /")
        }
        return id
    }

    /// The name on the wire; never reused for another meaning.
    package var name: String {
        switch self {
        case .state: "state"
        case .attach: "attach"
        case .exec: "exec"
        case .kill: "kill"
        case .resize: "resize"
        case .closeStdin: "closeStdin"
        case .pause: "pause"
        case .resume: "resume"
        case .update: "update"
        case .processes: "processes"
        case .subscribe: "subscribe"
        case .shutdown: "shutdown"
        }
    }

    fileprivate var arguments: JSONObject {
        var members: JSONObject = [:]
        switch self {
        case .state, .pause, .resume, .processes, .subscribe, .shutdown: break
        case .attach(let streams, let afterLog):
            members["streams"] = streams.json
            if afterLog { members["afterLog"] = true }
        case .exec(let id, let process, let streams):
            members = ["id": .string(id), "process": process.json, "streams": streams.json]
        case .kill(let signal, let target):
            members["signal"] = signal.json
            switch target {
            case .container: break
            case .all: members["all"] = true
            case .exec(let id): members["exec"] = .string(id)
            }
        case .resize(let rows, let columns, let exec):
            members = ["rows": rows.json, "columns": columns.json]
            members["exec"] = exec?.json
        case .closeStdin(let exec): members["exec"] = exec?.json
        case .update(let resources): members["resources"] = resources.json
        }
        return members
    }
}

extension ShimRequest.KillTarget {
    fileprivate init(json: JSONField) throws(JSONError) {
        let exec = try json["exec"].stringIfPresent()
        let all = try json["all"].boolIfPresent() ?? false
        self =
            switch (exec, all) {
            case (let id?, false): .exec(id)
            case (nil, true): .all
            case (nil, false): .container
            case (.some, true): throw json["all"].mismatch(expected: "no `all` beside `exec`")
            }
    }
}
