package import JSON
internal import Units

/// An object of the API: its JSON kept whole, so that no field is ever lost, with a view of its metadata.
package struct APIObject: Equatable, Sendable {
    package var value: JSONValue

    package init(_ value: JSONValue) {
        self.value = value
    }

    package subscript(field: String) -> JSONValue? {
        get { value[field] }
        set { value[field] = newValue }
    }

    package var apiVersion: String { value["apiVersion"]?.stringValue ?? "" }
    package var kind: String { value["kind"]?.stringValue ?? "" }

    package var metadata: JSONObject {
        get { value["metadata"]?.objectValue ?? [:] }
        set { value["metadata"] = .object(newValue) }
    }

    private func text(_ field: String) -> String? {
        guard let text = value["metadata"]?[field]?.stringValue, !text.isEmpty else { return nil }
        return text
    }

    package var name: String { text("name") ?? "" }
    package var generateName: String? { text("generateName") }
    /// `nil` for what belongs to no namespace.
    package var namespace: String? { text("namespace") }
    package var uid: String? { text("uid") }
    package var resourceVersion: String? { text("resourceVersion") }
    package var isBeingDeleted: Bool { text("deletionTimestamp") != nil }
    package var gracePeriod: Int64? { value["metadata"]?["deletionGracePeriodSeconds"]?.intValue }
    package var generation: Int64 { value["metadata"]?["generation"]?.intValue ?? 0 }

    package var finalizers: [String] {
        (value["metadata"]?["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    package var ownerReferences: [OwnerReference] {
        (value["metadata"]?["ownerReferences"]?.arrayValue ?? []).compactMap { OwnerReference($0) }
    }

    package var labels: JSONObject { value["metadata"]?["labels"]?.objectValue ?? [:] }
    package var annotations: JSONObject { value["metadata"]?["annotations"]?.objectValue ?? [:] }

    /// Sets a field of the metadata, or takes it out.
    package mutating func setMetadata(_ field: String, _ new: JSONValue?) {
        var metadata = metadata
        metadata[field] = new
        self.metadata = metadata
    }

    package mutating func setLabel(_ name: String, _ text: String) {
        var labels = labels
        labels[name] = .string(text)
        setMetadata("labels", .object(labels))
    }

    /// The same object with another status, as `/status` writes it, or with this one's status, as everything else does.
    package mutating func takeStatus(of other: APIObject) {
        value["status"] = other.value["status"]
    }
}

/// Who an object belongs to: it goes when all its owners have gone.
package struct OwnerReference: Hashable, Sendable {
    package let apiVersion: String
    package let kind: String
    package let name: String
    package let uid: String
    /// Whether the owner waits for this object when it is deleted in the foreground.
    package let blocksDeletion: Bool

    init?(_ value: JSONValue) {
        guard let uid = value["uid"]?.stringValue else { return nil }
        self.uid = uid
        apiVersion = value["apiVersion"]?.stringValue ?? ""
        kind = value["kind"]?.stringValue ?? ""
        name = value["name"]?.stringValue ?? ""
        blocksDeletion = value["blockOwnerDeletion"]?.boolValue ?? false
    }
}

extension Timestamp {
    /// As `metadata` has it: to the second.
    package var toSecond: String { Timestamp(seconds: seconds).description }

    /// As leases and events have it: to the microsecond, six decimals always.
    package var toMicrosecond: String { String(withAllDecimals.dropLast(4)) + "Z" }
}
