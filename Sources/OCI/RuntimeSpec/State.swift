package import JSON

extension RuntimeSpec {
    /// Where a container is in its life.
    package enum Status: String, WireName {
        case creating
        case created
        case running
        case stopped
        case paused
    }

    /// What `state` prints and a hook reads from standard input.
    ///
    /// `paused` is not in the specification; runc and crun print it.
    ///
    /// Source: runtime.md, "State".
    package struct State: Equatable, Sendable {
        package var ociVersion: String
        package var id: String
        package var status: Status
        /// Absent once stopped.
        package var pid: Int?
        /// Absolute.
        package var bundle: String
        package var annotations: [String: String]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            ociVersion: String, id: String, status: Status, pid: Int? = nil, bundle: String,
            annotations: [String: String]? = nil
        ) {
            self.ociVersion = ociVersion
            self.id = id
            self.status = status
            self.pid = pid
            self.bundle = bundle
            self.annotations = annotations
        }
    }

    /// What a seccomp listener gets along with the descriptors.
    ///
    /// Source: config-linux.md, "The Container Process State".
    package struct ProcessState: Equatable, Sendable {
        package var ociVersion: String
        /// A name for each descriptor, such as `seccompFd`.
        package var fds: [String]
        /// As the runtime sees it.
        package var pid: Int
        package var metadata: String?
        package var state: State
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(ociVersion: String, fds: [String], pid: Int, metadata: String? = nil, state: State) {
            self.ociVersion = ociVersion
            self.fds = fds
            self.pid = pid
            self.metadata = metadata
            self.state = state
        }
    }
}

extension RuntimeSpec.State: JSONCodable {
    private static let known = [
        "ociVersion", "id", "status", "pid", "bundle", "annotations",
    ]

    package init(json: JSONField) throws(JSONError) {
        ociVersion = try json["ociVersion"].string()
        id = try json["id"].string()
        status = try json["status"].read()
        pid = try json["pid"].intIfPresent()
        bundle = try json["bundle"].string()
        annotations = try json["annotations"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["ociVersion"] = ociVersion.json
        json["id"] = id.json
        json["status"] = status.json
        json["pid"] = pid?.json
        json["bundle"] = bundle.json
        json["annotations"] = annotations?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.ProcessState: JSONCodable {
    private static let known = [
        "ociVersion", "fds", "pid", "metadata", "state",
    ]

    package init(json: JSONField) throws(JSONError) {
        ociVersion = try json["ociVersion"].string()
        fds = try json["fds"].strings()
        pid = try json["pid"].int()
        metadata = try json["metadata"].nonEmptyString()
        state = try json["state"].read()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["ociVersion"] = ociVersion.json
        json["fds"] = fds.json
        json["pid"] = pid.json
        json["metadata"] = metadata?.json
        json["state"] = state.json
        json.merge(extra)
        return .object(json)
    }
}
