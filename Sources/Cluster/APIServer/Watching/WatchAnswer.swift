internal import ClusterModel
internal import ClusterStore
internal import JSON
internal import NIOCore
internal import Units

/// Changes of the store as the lines that a watching client reads.
///
/// Source: Kubernetes API concepts, "Efficient detection of changes".
struct WatchAnswer: Sendable {
    let selection: Selection
    let representation: Representation
    /// Whether the client wants to be told how far it is.
    let hasBookmarks: Bool
    /// The columns go with the first row only.
    private var sentColumns = false

    init(_ selection: Selection, _ representation: Representation, hasBookmarks: Bool) {
        self.selection = selection
        self.representation = representation
        self.hasBookmarks = hasBookmarks
    }

    /// The lines for a batch; none when nothing of it concerns the client.
    mutating func lines(for batch: WatchBatch, now: Timestamp) throws(APIError) -> ByteBuffer {
        var buffer = ByteBuffer()
        for event in batch.events { try append(event, to: &buffer, now: now) }
        if batch.events.isEmpty, hasBookmarks { appendBookmark(batch.through, to: &buffer) }
        return buffer
    }

    /// The lines for what is there before changes are told.
    mutating func lines(for objects: [StoredObject], now: Timestamp) throws(APIError) -> ByteBuffer {
        var buffer = ByteBuffer()
        let isWhole = selection.isWhole || selection.isTermAlone
        for stored in objects {
            guard !isWhole || representation.form != .object else {
                append("ADDED", bytes: stored.value, to: &buffer)
                continue
            }
            if let object = try selection.decoded(stored) { append("ADDED", object, to: &buffer, now: now) }
        }
        return buffer
    }

    private mutating func append(_ event: WatchEvent, to buffer: inout ByteBuffer, now: Timestamp) throws(APIError) {
        if representation.form == .object, let object = event.object, holds(object),
            selection.isWhole || selection.isTermAlone
        {
            let isKnown = event.previous.map(holds) ?? false
            return append(isKnown ? "MODIFIED" : "ADDED", bytes: object.value, to: &buffer)
        }
        let before = try event.previous.map { (stored) throws(APIError) in try selection.decoded(stored) } ?? nil
        let after = try event.object.map { (stored) throws(APIError) in try selection.decoded(stored) } ?? nil
        switch (before, after) {
        case (nil, let object?): append("ADDED", object, to: &buffer, now: now)
        case (_?, let object?): append("MODIFIED", object, to: &buffer, now: now)
        case (var object?, nil):
            // As it was last, at the revision at which it went: a client that comes back goes on from there.
            object.setMetadata("resourceVersion", .string(event.revision.description))
            append("DELETED", object, to: &buffer, now: now)
        case (nil, nil): break
        }
    }

    /// Whether an object has the term, where one was asked for.
    private func holds(_ stored: StoredObject) -> Bool {
        selection.term.map(stored.terms.contains) ?? true
    }

    private mutating func append(_ type: String, _ object: APIObject, to buffer: inout ByteBuffer, now: Timestamp) {
        let value: JSONValue
        switch representation.form {
        case .object: value = object.value
        case .metadata: value = Representation.metadata(of: object)
        case .table:
            value = TableColumns(of: selection.kind).table(
                [object], including: representation.included,
                metadata: ["resourceVersion": .string(object.resourceVersion ?? "")], withColumns: !sentColumns,
                now: now)
            sentColumns = true
        }
        append(type, bytes: value.encoded(), to: &buffer)
    }

    private func append(_ type: String, bytes: [UInt8], to buffer: inout ByteBuffer) {
        buffer.writeString("{\"type\":\"\(type)\",\"object\":")
        buffer.writeBytes(bytes)
        buffer.writeString("}\n")
    }

    /// How far the client is; `endsInitial` also says that all that was there has been told.
    func appendBookmark(_ revision: Revision, endsInitial: Bool = false, to buffer: inout ByteBuffer) {
        var metadata: JSONObject = ["resourceVersion": .string(revision.description), "creationTimestamp": .null]
        if endsInitial { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        var object: JSONValue = [
            "kind": .string(selection.kind.kind), "apiVersion": .string(selection.kind.apiVersion),
            "metadata": .object(metadata),
        ]
        if representation.form == .table {
            object = [
                "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": ["resourceVersion": .string(revision.description)], "columnDefinitions": .null, "rows": [],
            ]
        }
        append("BOOKMARK", bytes: object.encoded(), to: &buffer)
    }

    static func failure(_ error: APIError) -> ByteBuffer {
        var buffer = ByteBuffer(string: "{\"type\":\"ERROR\",\"object\":")
        buffer.writeBytes(error.status.encoded())
        buffer.writeString("}\n")
        return buffer
    }
}
