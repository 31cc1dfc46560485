package import JSON

/// The `config.json` of a bundle: how a container is set up.
///
/// Complete for Linux; what other systems have, and what newer versions add, is kept in `extra`. An optional text
/// that is empty counts as absent.
///
/// Source: runtime-spec 1.2.1, config.md.
package struct RuntimeSpec: Equatable, Sendable {
    /// The version of the specification that the bundle follows.
    package var ociVersion: String
    package var root: Root?
    package var mounts: [Mount]?
    /// May be left out for a container that is created and never started.
    package var process: Process?
    /// Needs a UTS namespace.
    package var hostname: String?
    /// Needs a UTS namespace.
    package var domainname: String?
    package var hooks: Hooks?
    package var linux: Linux?
    package var annotations: [String: String]?
    /// Members that this version of the specification does not know, unchanged.
    package var extra: JSONObject = [:]

    package init(ociVersion: String) {
        self.ociVersion = ociVersion
    }
}

extension RuntimeSpec: JSONCodable {
    private static let known = [
        "ociVersion", "root", "mounts", "process", "hostname", "domainname", "hooks", "linux", "annotations",
    ]

    package init(json: JSONField) throws(JSONError) {
        ociVersion = try json["ociVersion"].string()
        root = try json["root"].readIfPresent()
        mounts = try json["mounts"].readIfPresent()
        process = try json["process"].readIfPresent()
        hostname = try json["hostname"].nonEmptyString()
        domainname = try json["domainname"].nonEmptyString()
        hooks = try json["hooks"].readIfPresent()
        linux = try json["linux"].readIfPresent()
        annotations = try json["annotations"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["ociVersion"] = ociVersion.json
        json["root"] = root?.json
        json["mounts"] = mounts?.json
        json["process"] = process?.json
        json["hostname"] = hostname?.json
        json["domainname"] = domainname?.json
        json["hooks"] = hooks?.json
        json["linux"] = linux?.json
        json["annotations"] = annotations?.json
        json.merge(extra)
        return .object(json)
    }
}
