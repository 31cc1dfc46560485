package import JSON

extension RuntimeSpec {
    /// What is particular to Linux.
    ///
    /// Source: config-linux.md.
    package struct Linux: Equatable, Sendable {
        /// Of the user namespace.
        package var uidMappings: [IDMapping]?
        /// Of the user namespace.
        package var gidMappings: [IDMapping]?
        /// Kernel parameters, with dots or slashes.
        package var sysctl: [String: String]?
        package var resources: Resources?
        /// Absolute: below the root of the hierarchies; relative: where the runtime likes.
        package var cgroupsPath: String?
        /// Those that are new or joined; the others are shared with the runtime.
        package var namespaces: [Namespace]?
        /// Nodes beside the default ones.
        package var devices: [Device]?
        package var seccomp: Seccomp?
        /// `private`, `slave`, `shared` or `unbindable`, each with an `r` before it for the whole tree.
        package var rootfsPropagation: String?
        /// What cannot be read in the container.
        package var maskedPaths: [String]?
        /// What cannot be written in the container.
        package var readonlyPaths: [String]?
        /// The SELinux context of the mounts.
        package var mountLabel: String?
        package var intelRdt: RDT?
        package var personality: Personality?
        /// Of the time namespace: `monotonic` and `boottime`.
        package var timeOffsets: [String: TimeOffset]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init() {}
    }
}

extension RuntimeSpec.Linux: JSONCodable {
    private static let known = [
        "uidMappings", "gidMappings", "sysctl", "resources", "cgroupsPath", "namespaces", "devices", "seccomp",
        "rootfsPropagation", "maskedPaths", "readonlyPaths", "mountLabel", "intelRdt", "personality", "timeOffsets",
    ]

    package init(json: JSONField) throws(JSONError) {
        uidMappings = try json["uidMappings"].readIfPresent()
        gidMappings = try json["gidMappings"].readIfPresent()
        sysctl = try json["sysctl"].readIfPresent()
        resources = try json["resources"].readIfPresent()
        cgroupsPath = try json["cgroupsPath"].nonEmptyString()
        namespaces = try json["namespaces"].readIfPresent()
        devices = try json["devices"].readIfPresent()
        seccomp = try json["seccomp"].readIfPresent()
        rootfsPropagation = try json["rootfsPropagation"].nonEmptyString()
        maskedPaths = try json["maskedPaths"].stringsIfPresent()
        readonlyPaths = try json["readonlyPaths"].stringsIfPresent()
        mountLabel = try json["mountLabel"].nonEmptyString()
        intelRdt = try json["intelRdt"].readIfPresent()
        personality = try json["personality"].readIfPresent()
        timeOffsets = try json["timeOffsets"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["uidMappings"] = uidMappings?.json
        json["gidMappings"] = gidMappings?.json
        json["sysctl"] = sysctl?.json
        json["resources"] = resources?.json
        json["cgroupsPath"] = cgroupsPath?.json
        json["namespaces"] = namespaces?.json
        json["devices"] = devices?.json
        json["seccomp"] = seccomp?.json
        json["rootfsPropagation"] = rootfsPropagation?.json
        json["maskedPaths"] = maskedPaths?.json
        json["readonlyPaths"] = readonlyPaths?.json
        json["mountLabel"] = mountLabel?.json
        json["intelRdt"] = intelRdt?.json
        json["personality"] = personality?.json
        json["timeOffsets"] = timeOffsets?.json
        json.merge(extra)
        return .object(json)
    }
}
