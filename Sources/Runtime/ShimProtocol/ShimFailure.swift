package import JSON

/// Why the shim did not do what it was asked, as it goes between the two processes.
package struct ShimFailure: Error, Equatable, Sendable {
    /// What was going on, for branching: `protocol`, `configuration`, `create`, `start`, `exec`, `kill` ...; the runtime's
    /// own step names come after a dot, such as `create.mount`.
    package var stage: String
    /// The errno behind it; 0 when no system call failed.
    package var errno: Int32
    /// For people.
    package var message: String
    /// What `docker run` would exit with: 127 program not found, 126 not executable, 125 anything else.
    package var exitCode: Int32
    /// Set when the request's version is not spoken here.
    package var supportedVersions: [Int]?

    package init(
        stage: String, errno: Int32 = 0, message: String, exitCode: Int32 = 125, supportedVersions: [Int]? = nil
    ) {
        self.stage = stage
        self.errno = errno
        self.message = message
        self.exitCode = exitCode
        self.supportedVersions = supportedVersions
    }
}

extension ShimFailure: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        stage = try json["stage"].string()
        errno = try json["errno"].intIfPresent() ?? 0
        message = try json["message"].string()
        exitCode = try json["exitCode"].intIfPresent() ?? 125
        supportedVersions = try json["supportedVersions"].readIfPresent()
    }

    package var json: JSONValue {
        var members: JSONObject = [
            "stage": .string(stage), "errno": errno.json, "message": .string(message), "exitCode": exitCode.json,
        ]
        members["supportedVersions"] = supportedVersions?.json
        return .object(members)
    }
}

extension ShimFailure: CustomStringConvertible {
    package var description: String { "\(stage): \(message)" }
}
