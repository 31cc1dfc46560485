package import JSON

extension RuntimeSpec {
    /// The root filesystem of the container.
    package struct Root: Equatable, Sendable {
        /// Absolute, or relative to the bundle.
        package var path: String
        package var readonly: Bool?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(path: String, readonly: Bool? = nil) {
            self.path = path
            self.readonly = readonly
        }
    }

    /// Something mounted over the root filesystem, in the order of the list.
    ///
    /// Source: config.md, "Mounts".
    package struct Mount: Equatable, Sendable {
        /// A path in the container.
        package var destination: String
        /// A filesystem, such as `tmpfs`; no matter for bind mounts.
        package var type: String?
        /// A device, a name, or for bind mounts a path, relative to the bundle unless absolute.
        package var source: String?
        /// As in fstab(5), and the specification's own such as `rro` and `idmap`.
        package var options: [String]?
        /// For an idmapped mount.
        package var uidMappings: [IDMapping]?
        /// For an idmapped mount.
        package var gidMappings: [IDMapping]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            destination: String, type: String? = nil, source: String? = nil, options: [String]? = nil,
            uidMappings: [IDMapping]? = nil, gidMappings: [IDMapping]? = nil
        ) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
        }
    }

    /// `size` ids from `containerID` on inside that are those from `hostID` on outside.
    package struct IDMapping: Equatable, Sendable {
        package var containerID: UInt32
        package var hostID: UInt32
        package var size: UInt32
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }
    }
}

extension RuntimeSpec.Root: JSONCodable {
    private static let known = [
        "path", "readonly",
    ]

    package init(json: JSONField) throws(JSONError) {
        path = try json["path"].string()
        readonly = try json["readonly"].boolIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["path"] = path.json
        json["readonly"] = readonly?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Mount: JSONCodable {
    private static let known = [
        "destination", "type", "source", "options", "uidMappings", "gidMappings",
    ]

    package init(json: JSONField) throws(JSONError) {
        destination = try json["destination"].string()
        type = try json["type"].nonEmptyString()
        source = try json["source"].nonEmptyString()
        options = try json["options"].stringsIfPresent()
        uidMappings = try json["uidMappings"].readIfPresent()
        gidMappings = try json["gidMappings"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["destination"] = destination.json
        json["type"] = type?.json
        json["source"] = source?.json
        json["options"] = options?.json
        json["uidMappings"] = uidMappings?.json
        json["gidMappings"] = gidMappings?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.IDMapping: JSONCodable {
    private static let known = [
        "containerID", "hostID", "size",
    ]

    package init(json: JSONField) throws(JSONError) {
        containerID = try json["containerID"].int()
        hostID = try json["hostID"].int()
        size = try json["size"].int()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["containerID"] = containerID.json
        json["hostID"] = hostID.json
        json["size"] = size.json
        json.merge(extra)
        return .object(json)
    }
}
