internal import ClusterModel
internal import ClusterStore
internal import HTTPKit
internal import Hummingbird
internal import JSON
internal import NIOCore
internal import Units

/// What a list or a watch is about.
struct Selection: Sendable {
    let kind: ResourceKind
    let range: KeyRange
    let term: IndexTerm?
    let labels: LabelQuery
    let fields: FieldQuery
    /// Whether what has the term is what belongs to it, so that nobody has to look inside.
    let isTermAlone: Bool

    /// Whether every object of the range belongs to it, so that nobody has to look inside.
    var isWhole: Bool { labels.isEverything && fields.isEverything }

    func holds(_ object: APIObject) -> Bool {
        labels.matches(object.labels) && fields.matches(object.value)
    }

    /// The object, decoded, if it belongs to the selection.
    func decoded(_ stored: StoredObject) throws(APIError) -> APIObject? {
        let object = try ObjectCodec.decode(stored)
        return holds(object) ? object : nil
    }
}

extension APIServer {
    func selection(
        _ kind: ResourceKind, _ namespace: String?, name: String?, _ request: APIRequest
    ) throws(APIError) -> Selection {
        let fields = try request.fieldQuery(for: kind)
        let labels = try request.labelQuery()
        var term: IndexTerm?
        for path in ObjectCodec.indexed(kind) where term == nil {
            if let value = fields.required(path) { term = try? IndexTerm(path, value) }
        }
        let name = name ?? fields.required("metadata.name")
        let home = namespace ?? fields.required("metadata.namespace")
        var range = KeyRange.folder(try objects.folder(kind, kind.isNamespaced ? home : nil))
        if let name, !name.isEmpty, !name.contains("/"), kind.isNamespaced == (home != nil) {
            range = .key(try objects.key(kind, home, name))
        }
        return Selection(
            kind: kind, range: range, term: term, labels: labels, fields: fields,
            isTermAlone: term != nil && labels.isEverything && fields.requirements.count == 1)
    }

    func list(_ kind: ResourceKind, _ namespace: String?, _ request: APIRequest) async throws -> Response {
        let representation = try Representation(
            accepting: request.accepted, included: request.query["includeObject"])
        let selection = try selection(kind, namespace, name: nil, request)
        let page = try await page(selection, request)
        if representation.form == .object, !representation.isYAML {
            return .json(bytes: Self.encode(page, kind))
        }
        let found = try page.objects.map { (stored) throws(APIError) in try ObjectCodec.decode(stored) }
        let metadata = Self.metadata(page)
        let value: JSONValue =
            switch representation.form {
            case .table:
                TableColumns(of: kind).table(
                    found, including: representation.included, metadata: metadata, now: clock())
            case .metadata:
                [
                    "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                    "items": .array(found.map { Representation.metadata(of: $0) }),
                ]
            case .object:
                [
                    "kind": .string("\(kind.kind)List"), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
                    "items": .array(found.map(\.value)),
                ]
            }
        if representation.isYAML {
            return .json(bytes: Array(YAMLText.write(value).utf8), type: "application/yaml")
        }
        return .json(value)
    }

    struct Page {
        var objects: [StoredObject]
        var revision: Revision
        var next: Continuation?
        var remaining: Int?
    }

    /// One page of what was asked for; objects that do not belong to the selection take no room.
    private func page(_ selection: Selection, _ request: APIRequest) async throws(APIError) -> Page {
        let limit = try request.number("limit").flatMap { $0 > 0 ? Int(clamping: $0) : nil }
        var asked = ListRequest(selection.range, term: selection.term, limit: limit)
        if let text = request.query["continue"], !text.isEmpty {
            let continuation = try Continuation(text)
            (asked.at, asked.after) = (continuation.revision, continuation.after)
        } else {
            asked.at = try revision(asked: request)
        }
        var objects: [StoredObject] = []
        while true {
            let wanted = asked
            let page = try await self.objects.reading { () async throws(StoreError) in
                try await self.objects.store.list(wanted)
            }
            if selection.isWhole || selection.isTermAlone {
                objects += page.objects
            } else {
                for stored in page.objects where try selection.decoded(stored) != nil { objects.append(stored) }
            }
            guard let next = page.next else { return Page(objects: objects, revision: page.revision) }
            if let limit, objects.count >= limit {
                return Page(
                    objects: objects, revision: page.revision,
                    next: Continuation(revision: page.revision, after: next),
                    remaining: selection.isWhole ? page.remaining : nil)
            }
            (asked.at, asked.after) = (page.revision, next)
        }
    }

    /// The revision that a list insists on; `nil` is the latest.
    private func revision(asked request: APIRequest) throws(APIError) -> Revision? {
        let match = request.query["resourceVersionMatch"] ?? ""
        guard ["", "Exact", "NotOlderThan"].contains(match) else {
            throw .badRequest(
                "resourceVersionMatch: Unsupported value: \"\(match)\": supported values: \"Exact\", \"NotOlderThan\"")
        }
        guard let text = request.query["resourceVersion"], !text.isEmpty, text != "0" else { return nil }
        guard let revision = Revision(parsing: text) else {
            throw .badRequest("resourceVersion: Invalid value: \"\(text)\": must be a number")
        }
        if revision > objects.store.revision {
            throw .unavailable("Too large resource version: \(text), current: \(objects.store.revision)")
        }
        return match == "Exact" ? revision : nil
    }

    private static func metadata(_ page: Page) -> JSONValue {
        var metadata: JSONObject = ["resourceVersion": .string(page.revision.description)]
        if let next = page.next { metadata["continue"] = .string(next.text) }
        if let remaining = page.remaining, remaining > 0 {
            metadata["remainingItemCount"] = .integer(Int64(remaining))
        }
        return .object(metadata)
    }

    /// The bytes as the store has them, between a head and an end.
    private static func encode(_ page: Page, _ kind: ResourceKind) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(page.objects.reduce(256) { $0 + $1.value.count + 1 })
        bytes += Array("{\"kind\":\"\(kind.kind)List\",\"apiVersion\":\"\(kind.apiVersion)\",\"metadata\":".utf8)
        bytes += metadata(page).encoded()
        bytes += Array(",\"items\":[".utf8)
        for (index, stored) in page.objects.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += stored.value
        }
        bytes += Array("]}\n".utf8)
        return bytes
    }
}

/// Where the next page of a list begins, as clients carry it.
struct Continuation: Equatable {
    let revision: Revision
    let after: StoreKey

    init(revision: Revision, after: StoreKey) {
        self.revision = revision
        self.after = after
    }

    /// - Throws: ``APIError/badRequest(_:)`` for a text that is not ours.
    init(_ text: String) throws(APIError) {
        guard let bytes = Base64.decoded(text), let value = try? JSONValue(parsing: bytes),
            let revision = value["rv"]?.stringValue.flatMap({ Revision(parsing: $0) }),
            let path = value["after"]?.stringValue, let key = try? StoreKey(path)
        else { throw .badRequest("continue key is not valid: it is no token of this server") }
        self.init(revision: revision, after: key)
    }

    var text: String {
        let value: JSONValue = ["rv": .string(revision.description), "after": .string(after.path)]
        return Base64.encoded(value.encoded(), forURL: true)
    }
}
