package import JSON

extension RuntimeSpec {
    /// The program that a container runs, or that is run in it with `exec`.
    ///
    /// Source: config.md, "Process".
    package struct Process: Equatable, Sendable {
        /// Whether a pseudoterminal stands behind its standard streams.
        package var terminal: Bool?
        /// Of the terminal.
        package var consoleSize: ConsoleSize?
        /// Whom it runs as; root unless said otherwise.
        package var user: User
        /// The program and its arguments.
        package var args: [String]?
        /// `NAME=value` each.
        package var env: [String]?
        /// An absolute path in the container.
        package var cwd: String
        /// Absent: none at all are kept.
        package var capabilities: Capabilities?
        package var rlimits: [Rlimit]?
        /// Whether set-user-id bits and file capabilities stay without effect.
        package var noNewPrivileges: Bool?
        package var apparmorProfile: String?
        package var selinuxLabel: String?
        /// From -1000 (never killed) to 1000.
        package var oomScoreAdj: Int?
        package var scheduler: Scheduler?
        package var ioPriority: IOPriority?
        /// Where `exec` runs; no effect on the first process.
        package var execCPUAffinity: CPUAffinity?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(user: User = User(), cwd: String) {
            self.user = user
            self.cwd = cwd
        }
    }
}

extension RuntimeSpec.Process: JSONCodable {
    private static let known = [
        "terminal", "consoleSize", "user", "args", "env", "cwd", "capabilities", "rlimits", "noNewPrivileges",
        "apparmorProfile", "selinuxLabel", "oomScoreAdj", "scheduler", "ioPriority", "execCPUAffinity",
    ]

    package init(json: JSONField) throws(JSONError) {
        terminal = try json["terminal"].boolIfPresent()
        consoleSize = try json["consoleSize"].readIfPresent()
        user = try json["user"].readIfPresent() ?? .init()
        args = try json["args"].stringsIfPresent()
        env = try json["env"].stringsIfPresent()
        cwd = try json["cwd"].string()
        capabilities = try json["capabilities"].readIfPresent()
        rlimits = try json["rlimits"].readIfPresent()
        noNewPrivileges = try json["noNewPrivileges"].boolIfPresent()
        apparmorProfile = try json["apparmorProfile"].nonEmptyString()
        selinuxLabel = try json["selinuxLabel"].nonEmptyString()
        oomScoreAdj = try json["oomScoreAdj"].intIfPresent()
        scheduler = try json["scheduler"].readIfPresent()
        ioPriority = try json["ioPriority"].readIfPresent()
        execCPUAffinity = try json["execCPUAffinity"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["terminal"] = terminal?.json
        json["consoleSize"] = consoleSize?.json
        json["user"] = user.json
        json["args"] = args?.json
        json["env"] = env?.json
        json["cwd"] = cwd.json
        json["capabilities"] = capabilities?.json
        json["rlimits"] = rlimits?.json
        json["noNewPrivileges"] = noNewPrivileges?.json
        json["apparmorProfile"] = apparmorProfile?.json
        json["selinuxLabel"] = selinuxLabel?.json
        json["oomScoreAdj"] = oomScoreAdj?.json
        json["scheduler"] = scheduler?.json
        json["ioPriority"] = ioPriority?.json
        json["execCPUAffinity"] = execCPUAffinity?.json
        json.merge(extra)
        return .object(json)
    }
}
