internal import ClusterModel
internal import ClusterStore
internal import JSON

/// Objects as the store keeps them: JSON, encoded once, with a slot where the store writes the revision.
enum ObjectCodec {
    /// The object travels beside its bytes, so that nobody in this process has to read them again.
    static func encode(_ object: APIObject) -> StoredValue {
        var metadata = object.metadata
        metadata.removeValue(forKey: "resourceVersion")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2048)
        bytes.append(contentsOf: "{\"kind\":".utf8)
        bytes += JSONValue.string(object.kind).encoded()
        bytes.append(contentsOf: ",\"apiVersion\":".utf8)
        bytes += JSONValue.string(object.apiVersion).encoded()
        bytes.append(contentsOf: ",\"metadata\":{\"resourceVersion\":".utf8)
        let slot = bytes.count
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: StoredValue.slotWidth))
        append(JSONValue.object(metadata).encoded(), to: &bytes)
        var rest = object.value.objectValue ?? [:]
        for key in ["kind", "apiVersion", "metadata"] { rest.removeValue(forKey: key) }
        append(JSONValue.object(rest).encoded(), to: &bytes)
        return StoredValue(bytes, revisionSlot: slot, content: object)
    }

    /// Goes on with the members of an encoded object, and its end.
    private static func append(_ object: [UInt8], to bytes: inout [UInt8]) {
        if object.count > 2 { bytes.append(UInt8(ascii: ",")) }
        bytes += object.dropFirst()
    }

    /// The object, from its bytes unless it is known already.
    ///
    /// - Throws: ``APIError/internalFailure(_:)`` when the store holds something that is no object.
    static func decode(_ stored: StoredObject) throws(APIError) -> APIObject {
        if var object = stored.content as? APIObject {
            let revision = stored.modified.description
            if object.resourceVersion != revision {
                // Who wrote it did not know yet.
                object.setMetadata("resourceVersion", .string(revision))
                stored.content = object
            }
            return object
        }
        do throws(JSONError) {
            return APIObject(try JSONValue(parsing: stored.value))
        } catch {
            throw .internalFailure("\(stored.key): \(error)")
        }
    }

    /// What an object of a kind is found by besides its key.
    static func terms(of object: APIObject, _ kind: ResourceKind) -> [IndexTerm] {
        var terms: [IndexTerm] = []
        for path in indexed(kind) {
            var value: JSONValue? = object.value
            for step in path.split(separator: ".") { value = value?[String(step)] }
            if let term = try? IndexTerm(path, value?.stringValue ?? "") { terms.append(term) }
        }
        return terms
    }

    /// The fields that selectors can use without looking at every object.
    static func indexed(_ kind: ResourceKind) -> [String] {
        switch kind {
        case Catalog.pod: ["spec.nodeName"]
        case Catalog.event: ["involvedObject.uid", "involvedObject.name"]
        default: []
        }
    }
}
