package import JSON

extension RuntimeSpec {
    /// A kind of namespace.
    ///
    /// Source: namespaces(7).
    package enum NamespaceType: String, WireName {
        case pid
        case network
        case mount
        case ipc
        case uts
        case user
        case cgroup
        case time
    }

    /// A namespace of the container: a new one, or the one that `path` leads to.
    package struct Namespace: Equatable, Sendable {
        package var type: NamespaceType
        /// Such as `/proc/1234/ns/net`; absent: a new one.
        package var path: String?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(type: NamespaceType, path: String? = nil) {
            self.type = type
            self.path = path
        }
    }

    /// A kind of device node.
    package enum DeviceType: String, WireName {
        case character = "c"
        case unbuffered = "u"
        case block = "b"
        case fifo = "p"
    }

    /// A device node of the container.
    package struct Device: Equatable, Sendable {
        package var type: DeviceType
        /// Absolute.
        package var path: String
        /// Absent for a fifo.
        package var major: Int64?
        /// Absent for a fifo.
        package var minor: Int64?
        /// Permission bits; the file type does not matter.
        package var fileMode: UInt32?
        package var uid: UInt32?
        package var gid: UInt32?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            type: DeviceType, path: String, major: Int64? = nil, minor: Int64? = nil, fileMode: UInt32? = nil,
            uid: UInt32? = nil, gid: UInt32? = nil
        ) {
            self.type = type
            self.path = path
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
            self.uid = uid
            self.gid = gid
        }
    }

    /// Shares of the processor's cache and memory bandwidth.
    ///
    /// Source: config-linux.md, "IntelRdt".
    package struct RDT: Equatable, Sendable {
        /// The name of the class of service.
        package var closID: String?
        package var l3CacheSchema: String?
        package var memBwSchema: String?
        package var enableCMT: Bool?
        package var enableMBM: Bool?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            closID: String? = nil, l3CacheSchema: String? = nil, memBwSchema: String? = nil, enableCMT: Bool? = nil,
            enableMBM: Bool? = nil
        ) {
            self.closID = closID
            self.l3CacheSchema = l3CacheSchema
            self.memBwSchema = memBwSchema
            self.enableCMT = enableCMT
            self.enableMBM = enableMBM
        }
    }

    /// An execution domain.
    ///
    /// Source: personality(2).
    package enum PersonalityDomain: String, WireName {
        case linux = "LINUX"
        case linux32 = "LINUX32"
    }

    /// The execution domain of the container.
    package struct Personality: Equatable, Sendable {
        package var domain: PersonalityDomain
        package var flags: [String]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(domain: PersonalityDomain, flags: [String]? = nil) {
            self.domain = domain
            self.flags = flags
        }
    }

    /// What is added to a clock in the container.
    package struct TimeOffset: Equatable, Sendable {
        package var secs: Int64?
        /// Added to the seconds.
        package var nanosecs: UInt32?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(secs: Int64? = nil, nanosecs: UInt32? = nil) {
            self.secs = secs
            self.nanosecs = nanosecs
        }
    }
}

extension RuntimeSpec.Namespace: JSONCodable {
    private static let known = [
        "type", "path",
    ]

    package init(json: JSONField) throws(JSONError) {
        type = try json["type"].read()
        path = try json["path"].nonEmptyString()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["type"] = type.json
        json["path"] = path?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Device: JSONCodable {
    private static let known = [
        "type", "path", "major", "minor", "fileMode", "uid", "gid",
    ]

    package init(json: JSONField) throws(JSONError) {
        type = try json["type"].read()
        path = try json["path"].string()
        major = try json["major"].intIfPresent()
        minor = try json["minor"].intIfPresent()
        fileMode = try json["fileMode"].intIfPresent()
        uid = try json["uid"].intIfPresent()
        gid = try json["gid"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["type"] = type.json
        json["path"] = path.json
        json["major"] = major?.json
        json["minor"] = minor?.json
        json["fileMode"] = fileMode?.json
        json["uid"] = uid?.json
        json["gid"] = gid?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.RDT: JSONCodable {
    private static let known = [
        "closID", "l3CacheSchema", "memBwSchema", "enableCMT", "enableMBM",
    ]

    package init(json: JSONField) throws(JSONError) {
        closID = try json["closID"].nonEmptyString()
        l3CacheSchema = try json["l3CacheSchema"].nonEmptyString()
        memBwSchema = try json["memBwSchema"].nonEmptyString()
        enableCMT = try json["enableCMT"].boolIfPresent()
        enableMBM = try json["enableMBM"].boolIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["closID"] = closID?.json
        json["l3CacheSchema"] = l3CacheSchema?.json
        json["memBwSchema"] = memBwSchema?.json
        json["enableCMT"] = enableCMT?.json
        json["enableMBM"] = enableMBM?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Personality: JSONCodable {
    private static let known = [
        "domain", "flags",
    ]

    package init(json: JSONField) throws(JSONError) {
        domain = try json["domain"].read()
        flags = try json["flags"].stringsIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["domain"] = domain.json
        json["flags"] = flags?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.TimeOffset: JSONCodable {
    private static let known = [
        "secs", "nanosecs",
    ]

    package init(json: JSONField) throws(JSONError) {
        secs = try json["secs"].intIfPresent()
        nanosecs = try json["nanosecs"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["secs"] = secs?.json
        json["nanosecs"] = nanosecs?.json
        json.merge(extra)
        return .object(json)
    }
}
