package import JSON

extension ShimConfiguration: JSONCodable {
    /// - Throws: also for a log driver or option that the shim does not have, by its path.
    package init(json: JSONField) throws(JSONError) {
        version = try json["version"].int()
        guard ShimProtocol.supportedVersions.contains(version) else {
            throw json["version"].mismatch(expected: "a version this shim speaks: \(ShimProtocol.supportedVersions)")
        }
        id = try json["id"].string()
        requestID = try json["requestID"].stringIfPresent()
        bundle = try json["bundle"].string()
        runtime = try json["runtime"].readIfPresent()
        stateRoot = try json["stateRoot"].stringIfPresent()
        rootfsMounts = try json["rootfsMounts"].readIfPresent() ?? []
        stdinOpen = try json["stdinOpen"].boolIfPresent() ?? false
        stdinOnce = try json["stdinOnce"].boolIfPresent() ?? false
        log = try Log.readIfPresent(json["log"])
        attached = try json["attachDescriptors"].readIfPresent() ?? []
        shimCgroup = try json["shimCgroup"].stringIfPresent()
        exitPath = try json["exitPath"].stringIfPresent()
    }

    package var json: JSONValue {
        var members: JSONObject = [
            "version": version.json, "id": .string(id), "bundle": .string(bundle), "rootfsMounts": rootfsMounts.json,
            "stdinOpen": .bool(stdinOpen), "stdinOnce": .bool(stdinOnce), "attachDescriptors": attached.json,
        ]
        members["requestID"] = requestID?.json
        members["runtime"] = runtime?.json
        members["stateRoot"] = stateRoot?.json
        members["log"] = log?.json
        members["shimCgroup"] = shimCgroup?.json
        members["exitPath"] = exitPath?.json
        return .object(members)
    }
}

extension ShimConfiguration.ExternalRuntime: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        path = try json["path"].string()
        arguments = try json["args"].stringsIfPresent() ?? []
        root = try json["root"].stringIfPresent()
    }

    package var json: JSONValue {
        var members: JSONObject = ["path": .string(path), "args": arguments.json]
        members["root"] = root?.json
        return .object(members)
    }
}

extension ShimConfiguration.RootfsMount: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        type = try json["type"].string()
        source = try json["source"].string()
        options = try json["options"].stringsIfPresent() ?? []
    }

    package var json: JSONValue { ["type": .string(type), "source": .string(source), "options": options.json] }
}

extension ShimConfiguration.Log: JSONCodable {
    /// `nil` for driver `none`.
    fileprivate static func readIfPresent(_ json: JSONField) throws(JSONError) -> Self? {
        guard json.exists, try json["driver"].stringIfPresent() != "none" else { return nil }
        return try Self(json: json)
    }

    package init(json: JSONField) throws(JSONError) {
        let driver = try json["driver"].stringIfPresent() ?? "json-file"
        guard ["json-file", "cri"].contains(driver) else {
            throw json["driver"].mismatch(expected: "json-file, cri or none")
        }
        isCRI = driver == "cri"
        guard try json["compress"].boolIfPresent() != true else {
            throw json["compress"].mismatch(expected: "false: rotated files are not compressed")
        }
        path = try json["path"].string()
        maxSize = try json["maxSize"].intIfPresent()
        maxFile = try json["maxFile"].intIfPresent() ?? 1
        guard maxFile >= 1 else { throw json["maxFile"].mismatch(expected: "at least 1") }
        guard maxSize ?? 1 > 0 else { throw json["maxSize"].mismatch(expected: "at least 1") }
        guard maxFile == 1 || maxSize != nil else { throw json["maxFile"].mismatch(expected: "1 without maxSize") }
        attributes = try json["attrs"].objectIfPresent() ?? [:]
    }

    package var json: JSONValue {
        var members: JSONObject = ["driver": isCRI ? "cri" : "json-file", "path": .string(path)]
        members["maxSize"] = maxSize?.json
        members["maxFile"] = maxFile.json
        if !attributes.isEmpty { members["attrs"] = .object(attributes) }
        return .object(members)
    }
}

extension ShimConfiguration.AttachedDescriptor: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        fd = try json["fd"].int()
        streams = try StreamSelection(json: json)
    }

    package var json: JSONValue {
        [
            "fd": fd.json, "stdin": .bool(streams.stdin), "stdout": .bool(streams.stdout),
            "stderr": .bool(streams.stderr),
        ]
    }
}
