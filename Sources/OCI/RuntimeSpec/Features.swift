package import JSON

extension RuntimeSpec {
    /// What a runtime can do; an absent member means "unknown".
    ///
    /// Source: features.md and features-linux.md.
    package struct Features: Equatable, Sendable {
        package var ociVersionMin: String
        package var ociVersionMax: String
        package var hooks: [String]?
        /// Without those that only a filesystem knows.
        package var mountOptions: [String]?
        package var linux: LinuxFeatures?
        package var annotations: [String: String]?
        /// Annotations that change what the runtime does; a final dot makes a prefix.
        package var potentiallyUnsafeConfigAnnotations: [String]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            ociVersionMin: String, ociVersionMax: String, hooks: [String]? = nil, mountOptions: [String]? = nil,
            linux: LinuxFeatures? = nil, annotations: [String: String]? = nil,
            potentiallyUnsafeConfigAnnotations: [String]? = nil
        ) {
            self.ociVersionMin = ociVersionMin
            self.ociVersionMax = ociVersionMax
            self.hooks = hooks
            self.mountOptions = mountOptions
            self.linux = linux
            self.annotations = annotations
            self.potentiallyUnsafeConfigAnnotations = potentiallyUnsafeConfigAnnotations
        }
    }

    /// What a runtime can do on Linux.
    package struct LinuxFeatures: Equatable, Sendable {
        package var namespaces: [String]?
        package var capabilities: [String]?
        package var cgroup: CgroupFeatures?
        package var seccomp: SeccompFeatures?
        package var apparmor: Feature?
        package var selinux: Feature?
        package var intelRdt: Feature?
        package var mountExtensions: MountExtensions?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            namespaces: [String]? = nil, capabilities: [String]? = nil, cgroup: CgroupFeatures? = nil,
            seccomp: SeccompFeatures? = nil, apparmor: Feature? = nil, selinux: Feature? = nil,
            intelRdt: Feature? = nil, mountExtensions: MountExtensions? = nil
        ) {
            self.namespaces = namespaces
            self.capabilities = capabilities
            self.cgroup = cgroup
            self.seccomp = seccomp
            self.apparmor = apparmor
            self.selinux = selinux
            self.intelRdt = intelRdt
            self.mountExtensions = mountExtensions
        }
    }

    /// Whether something was compiled in.
    package struct Feature: Equatable, Sendable {
        package var enabled: Bool?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(enabled: Bool? = nil) {
            self.enabled = enabled
        }
    }

    /// Mounts beyond what mount(8) does.
    package struct MountExtensions: Equatable, Sendable {
        package var idmap: Feature?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(idmap: Feature? = nil) {
            self.idmap = idmap
        }
    }

    /// The kinds of cgroups that were compiled in.
    package struct CgroupFeatures: Equatable, Sendable {
        package var v1: Bool?
        package var v2: Bool?
        package var systemd: Bool?
        package var systemdUser: Bool?
        package var rdma: Bool?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            v1: Bool? = nil, v2: Bool? = nil, systemd: Bool? = nil, systemdUser: Bool? = nil, rdma: Bool? = nil
        ) {
            self.v1 = v1
            self.v2 = v2
            self.systemd = systemd
            self.systemdUser = systemdUser
            self.rdma = rdma
        }
    }

    /// What a seccomp profile may name.
    package struct SeccompFeatures: Equatable, Sendable {
        package var enabled: Bool?
        package var actions: [String]?
        package var operators: [String]?
        package var archs: [String]?
        package var knownFlags: [String]?
        package var supportedFlags: [String]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            enabled: Bool? = nil, actions: [String]? = nil, operators: [String]? = nil, archs: [String]? = nil,
            knownFlags: [String]? = nil, supportedFlags: [String]? = nil
        ) {
            self.enabled = enabled
            self.actions = actions
            self.operators = operators
            self.archs = archs
            self.knownFlags = knownFlags
            self.supportedFlags = supportedFlags
        }
    }
}

extension RuntimeSpec.Features: JSONCodable {
    private static let known = [
        "ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations",
        "potentiallyUnsafeConfigAnnotations",
    ]

    package init(json: JSONField) throws(JSONError) {
        ociVersionMin = try json["ociVersionMin"].string()
        ociVersionMax = try json["ociVersionMax"].string()
        hooks = try json["hooks"].stringsIfPresent()
        mountOptions = try json["mountOptions"].stringsIfPresent()
        linux = try json["linux"].readIfPresent()
        annotations = try json["annotations"].readIfPresent()
        potentiallyUnsafeConfigAnnotations = try json["potentiallyUnsafeConfigAnnotations"].stringsIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["ociVersionMin"] = ociVersionMin.json
        json["ociVersionMax"] = ociVersionMax.json
        json["hooks"] = hooks?.json
        json["mountOptions"] = mountOptions?.json
        json["linux"] = linux?.json
        json["annotations"] = annotations?.json
        json["potentiallyUnsafeConfigAnnotations"] = potentiallyUnsafeConfigAnnotations?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.LinuxFeatures: JSONCodable {
    private static let known = [
        "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "mountExtensions",
    ]

    package init(json: JSONField) throws(JSONError) {
        namespaces = try json["namespaces"].stringsIfPresent()
        capabilities = try json["capabilities"].stringsIfPresent()
        cgroup = try json["cgroup"].readIfPresent()
        seccomp = try json["seccomp"].readIfPresent()
        apparmor = try json["apparmor"].readIfPresent()
        selinux = try json["selinux"].readIfPresent()
        intelRdt = try json["intelRdt"].readIfPresent()
        mountExtensions = try json["mountExtensions"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["namespaces"] = namespaces?.json
        json["capabilities"] = capabilities?.json
        json["cgroup"] = cgroup?.json
        json["seccomp"] = seccomp?.json
        json["apparmor"] = apparmor?.json
        json["selinux"] = selinux?.json
        json["intelRdt"] = intelRdt?.json
        json["mountExtensions"] = mountExtensions?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Feature: JSONCodable {
    private static let known = [
        "enabled"
    ]

    package init(json: JSONField) throws(JSONError) {
        enabled = try json["enabled"].boolIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["enabled"] = enabled?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.MountExtensions: JSONCodable {
    private static let known = [
        "idmap"
    ]

    package init(json: JSONField) throws(JSONError) {
        idmap = try json["idmap"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["idmap"] = idmap?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.CgroupFeatures: JSONCodable {
    private static let known = [
        "v1", "v2", "systemd", "systemdUser", "rdma",
    ]

    package init(json: JSONField) throws(JSONError) {
        v1 = try json["v1"].boolIfPresent()
        v2 = try json["v2"].boolIfPresent()
        systemd = try json["systemd"].boolIfPresent()
        systemdUser = try json["systemdUser"].boolIfPresent()
        rdma = try json["rdma"].boolIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["v1"] = v1?.json
        json["v2"] = v2?.json
        json["systemd"] = systemd?.json
        json["systemdUser"] = systemdUser?.json
        json["rdma"] = rdma?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.SeccompFeatures: JSONCodable {
    private static let known = [
        "enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags",
    ]

    package init(json: JSONField) throws(JSONError) {
        enabled = try json["enabled"].boolIfPresent()
        actions = try json["actions"].stringsIfPresent()
        operators = try json["operators"].stringsIfPresent()
        archs = try json["archs"].stringsIfPresent()
        knownFlags = try json["knownFlags"].stringsIfPresent()
        supportedFlags = try json["supportedFlags"].stringsIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["enabled"] = enabled?.json
        json["actions"] = actions?.json
        json["operators"] = operators?.json
        json["archs"] = archs?.json
        json["knownFlags"] = knownFlags?.json
        json["supportedFlags"] = supportedFlags?.json
        json.merge(extra)
        return .object(json)
    }
}
