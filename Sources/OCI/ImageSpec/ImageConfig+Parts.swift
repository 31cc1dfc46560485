package import JSON

extension ImageConfig {
    /// The layers, as digests of their uncompressed archives.
    package struct RootFS: Equatable, Sendable {
        package var type: String
        /// The lowest first.
        package var diffIDs: [Digest]

        package init(type: String = "layers", diffIDs: [Digest]) {
            self.type = type
            self.diffIDs = diffIDs
        }
    }

    /// The step that made a layer, or that made none.
    package struct History: Equatable, Sendable {
        /// RFC 3339.
        package var created: String?
        /// The command.
        package var createdBy: String?
        package var author: String?
        package var comment: String?
        /// Whether no layer belongs to it.
        package var emptyLayer: Bool?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            created: String? = nil, createdBy: String? = nil, author: String? = nil, comment: String? = nil,
            emptyLayer: Bool? = nil
        ) {
            self.created = created
            self.createdBy = createdBy
            self.author = author
            self.comment = comment
            self.emptyLayer = emptyLayer
        }
    }

    /// How to find out whether a container does its work; times in nanoseconds, 0 for "inherited".
    package struct Healthcheck: Equatable, Sendable {
        /// `NONE`, `CMD` and arguments, or `CMD-SHELL` and a command.
        package var test: [String]?
        package var interval: Int64?
        package var timeout: Int64?
        /// While it lasts a failure does not count.
        package var startPeriod: Int64?
        /// While the start period lasts.
        package var startInterval: Int64?
        /// Failures in a row that make it unhealthy.
        package var retries: Int?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            test: [String]? = nil, interval: Int64? = nil, timeout: Int64? = nil, startPeriod: Int64? = nil,
            startInterval: Int64? = nil, retries: Int? = nil
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.startInterval = startInterval
            self.retries = retries
        }
    }

    /// What a container of the image gets when nothing else is asked for.
    package struct Execution: Equatable, Sendable {
        /// A name or number, with a group after a colon if need be.
        package var user: String?
        /// Such as `80/tcp`.
        package var exposedPorts: NameSet?
        /// `NAME=value` each.
        package var env: [String]?
        package var entrypoint: [String]?
        /// The program with its arguments, or the arguments of the entrypoint.
        package var cmd: [String]?
        /// Paths.
        package var volumes: NameSet?
        package var workingDir: String?
        package var labels: [String: String]?
        /// Such as `SIGTERM`.
        package var stopSignal: String?
        package var healthcheck: Healthcheck?
        /// For the shell form of commands.
        package var shell: [String]?
        /// Steps of images that are built on this one.
        package var onBuild: [String]?
        /// Of Windows.
        package var argsEscaped: Bool?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init() {}
    }
}

extension ImageConfig.RootFS: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        type = try json["type"].nonEmptyString() ?? "layers"
        diffIDs = try json["diff_ids"].readIfPresent() ?? []
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["type"] = type.json
        json["diff_ids"] = diffIDs.json
        return .object(json)
    }
}

extension ImageConfig.History: JSONCodable {
    private static let known = [
        "created", "created_by", "author", "comment", "empty_layer",
    ]

    package init(json: JSONField) throws(JSONError) {
        created = try json["created"].nonEmptyString()
        createdBy = try json["created_by"].nonEmptyString()
        author = try json["author"].nonEmptyString()
        comment = try json["comment"].nonEmptyString()
        emptyLayer = try json["empty_layer"].boolIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["created"] = created?.json
        json["created_by"] = createdBy?.json
        json["author"] = author?.json
        json["comment"] = comment?.json
        json["empty_layer"] = emptyLayer?.json
        json.merge(extra)
        return .object(json)
    }
}

extension ImageConfig.Healthcheck: JSONCodable {
    private static let known = [
        "Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries",
    ]

    package init(json: JSONField) throws(JSONError) {
        test = try json["Test"].stringsIfPresent()
        interval = try json["Interval"].intIfPresent()
        timeout = try json["Timeout"].intIfPresent()
        startPeriod = try json["StartPeriod"].intIfPresent()
        startInterval = try json["StartInterval"].intIfPresent()
        retries = try json["Retries"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["Test"] = test?.json
        json["Interval"] = interval?.json
        json["Timeout"] = timeout?.json
        json["StartPeriod"] = startPeriod?.json
        json["StartInterval"] = startInterval?.json
        json["Retries"] = retries?.json
        json.merge(extra)
        return .object(json)
    }
}

extension ImageConfig.Execution: JSONCodable {
    private static let known = [
        "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal",
        "Healthcheck", "Shell", "OnBuild", "ArgsEscaped",
    ]

    package init(json: JSONField) throws(JSONError) {
        user = try json["User"].nonEmptyString()
        exposedPorts = try json["ExposedPorts"].readIfPresent()
        env = try json["Env"].stringsIfPresent()
        entrypoint = try json["Entrypoint"].stringsIfPresent()
        cmd = try json["Cmd"].stringsIfPresent()
        volumes = try json["Volumes"].readIfPresent()
        workingDir = try json["WorkingDir"].nonEmptyString()
        labels = try json["Labels"].readIfPresent()
        stopSignal = try json["StopSignal"].nonEmptyString()
        healthcheck = try json["Healthcheck"].readIfPresent()
        shell = try json["Shell"].stringsIfPresent()
        onBuild = try json["OnBuild"].stringsIfPresent()
        argsEscaped = try json["ArgsEscaped"].boolIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["User"] = user?.json
        json["ExposedPorts"] = exposedPorts?.json
        json["Env"] = env?.json
        json["Entrypoint"] = entrypoint?.json
        json["Cmd"] = cmd?.json
        json["Volumes"] = volumes?.json
        json["WorkingDir"] = workingDir?.json
        json["Labels"] = labels?.json
        json["StopSignal"] = stopSignal?.json
        json["Healthcheck"] = healthcheck?.json
        json["Shell"] = shell?.json
        json["OnBuild"] = onBuild?.json
        json["ArgsEscaped"] = argsEscaped?.json
        json.merge(extra)
        return .object(json)
    }
}
