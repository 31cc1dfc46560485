internal import ImageSpec
internal import JSON

/// What `layer.json` says about an unpacked layer.
package struct LayerRecord: Equatable, Sendable {
    var chainID: Digest
    /// The layer below; nil for the lowest.
    var parent: Digest?
    var diffID: Digest
    /// Bytes of file content.
    var size: Int64
    /// The short name of its directory, for mount options.
    var link: String
    /// The boot in which it was unpacked, until its files are known to be on the disk.
    ///
    /// A layer found with the mark of an earlier boot may have lost files in a power failure, and is unpacked again from its
    /// blob: so that an image is durable as soon as its blobs are, without waiting for the unpacked files.
    var unsettledSince: String?
}

extension LayerRecord: JSONCodable {
    init(json: JSONField) throws(JSONError) {
        chainID = try json["chainID"].read()
        parent = try json["parent"].readIfPresent()
        diffID = try json["diffID"].read()
        size = try json["size"].int()
        link = try json["link"].string()
        unsettledSince = try json["unsettledSince"].stringIfPresent()
    }

    var json: JSONValue {
        var object: JSONObject = [
            "chainID": chainID.json, "diffID": diffID.json, "size": .integer(size), "link": .string(link),
        ]
        object["parent"] = parent?.json
        object["unsettledSince"] = unsettledSince?.json
        return .object(object)
    }
}
