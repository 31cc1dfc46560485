internal import Archives
internal import ContentStore
internal import ImageSpec
internal import JSON
internal import LinuxKernel

/// What a file below `images/` says: everything about an image that its blobs do not.
///
/// One file per image, replaced as a whole; the index of names is built from them at start.
struct ImageRecord: Equatable {
    var image: Digest
    var tags: [Tag]
    var digests: [ImageReference]
    var manifest: ContentDescriptor
    var layers: [Image.Layer]
    var parent: Digest?
    var arrived: FileTime
    var isReserved: Bool

    /// A name and when it was given: after a crash in the middle of moving a tag, the later one holds.
    struct Tag: Equatable {
        var reference: ImageReference
        var time: FileTime
    }
}

extension ImageRecord: JSONCodable {
    init(json: JSONField) throws(JSONError) {
        image = try json["image"].read()
        manifest = try json["manifest"].read()
        parent = try json["parent"].readIfPresent()
        digests = try json["digests"].readIfPresent() ?? []
        arrived = try FileTime(json: json["arrived"])
        // Of what an earlier version pulled nobody knows how it came.
        isReserved = try json["reserved"].boolIfPresent() ?? !digests.isEmpty
        tags = []
        for field in try json["tags"].elements() {
            tags.append(Tag(reference: try field["name"].read(), time: try FileTime(json: field["time"])))
        }
        layers = []
        for field in try json["layers"].elements() {
            layers.append(
                Image.Layer(
                    diffID: try field["diffID"].read(), blob: try field["blob"].read(), size: try field["size"].int()))
        }
    }

    var json: JSONValue {
        var object: JSONObject = [
            "image": image.json, "manifest": manifest.json, "digests": digests.json, "arrived": arrived.json,
            "reserved": .bool(isReserved),
        ]
        object["parent"] = parent?.json
        object["tags"] = .array(tags.map { ["name": $0.reference.json, "time": $0.time.json] })
        object["layers"] = .array(
            layers.map { ["diffID": $0.diffID.json, "blob": $0.blob.json, "size": .integer($0.size)] })
        return .object(object)
    }
}

extension FileTime {
    /// Seconds and nanoseconds, as an array of two.
    init(json: JSONField) throws(JSONError) {
        let parts = try json.elements()
        guard parts.count == 2 else { throw json.invalid("expected seconds and nanoseconds") }
        self.init(seconds: try parts[0].int(), nanoseconds: try parts[1].int())
    }

    var json: JSONValue { [.integer(seconds), .integer(nanoseconds)] }
}
