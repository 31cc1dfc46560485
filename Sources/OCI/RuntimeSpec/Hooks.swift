package import JSON

extension RuntimeSpec {
    /// A program that is run at a point of the life of a container, with its state on standard input.
    package struct Hook: Equatable, Sendable {
        /// Absolute.
        package var path: String
        /// From the name of the program on, as for `execv`.
        package var args: [String]?
        package var env: [String]?
        /// Seconds after which the hook is killed and has failed.
        package var timeout: Int?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(path: String, args: [String]? = nil, env: [String]? = nil, timeout: Int? = nil) {
            self.path = path
            self.args = args
            self.env = env
            self.timeout = timeout
        }
    }

    /// The hooks of each kind, in the order in which they run.
    ///
    /// Source: config.md, "POSIX-platform Hooks".
    package struct Hooks: Equatable, Sendable {
        /// During `create`, in the runtime's namespaces, once those of the container exist; deprecated.
        package var prestart: [Hook]?
        /// Right after `prestart`, likewise.
        package var createRuntime: [Hook]?
        /// During `create`, in the container's namespaces, before `pivot_root`; paths are the runtime's.
        package var createContainer: [Hook]?
        /// During `start`, in the container's namespaces, before the program is executed.
        package var startContainer: [Hook]?
        /// After the program was started, in the runtime's namespaces.
        package var poststart: [Hook]?
        /// After the container was deleted, in the runtime's namespaces.
        package var poststop: [Hook]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            prestart: [Hook]? = nil, createRuntime: [Hook]? = nil, createContainer: [Hook]? = nil,
            startContainer: [Hook]? = nil, poststart: [Hook]? = nil, poststop: [Hook]? = nil
        ) {
            self.prestart = prestart
            self.createRuntime = createRuntime
            self.createContainer = createContainer
            self.startContainer = startContainer
            self.poststart = poststart
            self.poststop = poststop
        }
    }
}

extension RuntimeSpec.Hook: JSONCodable {
    private static let known = [
        "path", "args", "env", "timeout",
    ]

    package init(json: JSONField) throws(JSONError) {
        path = try json["path"].string()
        args = try json["args"].stringsIfPresent()
        env = try json["env"].stringsIfPresent()
        timeout = try json["timeout"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["path"] = path.json
        json["args"] = args?.json
        json["env"] = env?.json
        json["timeout"] = timeout?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Hooks: JSONCodable {
    private static let known = [
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
    ]

    package init(json: JSONField) throws(JSONError) {
        prestart = try json["prestart"].readIfPresent()
        createRuntime = try json["createRuntime"].readIfPresent()
        createContainer = try json["createContainer"].readIfPresent()
        startContainer = try json["startContainer"].readIfPresent()
        poststart = try json["poststart"].readIfPresent()
        poststop = try json["poststop"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["prestart"] = prestart?.json
        json["createRuntime"] = createRuntime?.json
        json["createContainer"] = createContainer?.json
        json["startContainer"] = startContainer?.json
        json["poststart"] = poststart?.json
        json["poststop"] = poststop?.json
        json.merge(extra)
        return .object(json)
    }
}
