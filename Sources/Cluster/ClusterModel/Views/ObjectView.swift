package import JSON
package import Units

/// A typed look at an object of the API.
///
/// The object stays whole: what a view does not know is carried along unchanged. Views are lenient, because objects were
/// validated when they came in; what is absent or of another kind reads as its default.
package protocol ObjectView: Sendable {
    var object: JSONValue { get }
    init(_ object: JSONValue)
}

extension ObjectView {
    package var field: Field { Field(object) }
    package var metadata: Field { field["metadata"] }
    package var kind: String { field["kind"].text ?? "" }
    package var name: String { metadata["name"].text ?? "" }
    package var namespace: String { metadata["namespace"].text ?? "" }
    package var uid: String { metadata["uid"].text ?? "" }
    package var resourceVersion: String { metadata["resourceVersion"].text ?? "" }
    package var generation: Int { metadata["generation"].number ?? 0 }
    package var labels: [String: String] { metadata["labels"].texts }
    package var annotations: [String: String] { metadata["annotations"].texts }
    /// `namespace/name`, or the name where there are no namespaces.
    package var key: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
    package var isBeingDeleted: Bool { metadata["deletionTimestamp"].isPresent }
    package var finalizers: [String] { metadata["finalizers"].list }
    /// Seconds.
    package var deletionGracePeriod: Int? { metadata["deletionGracePeriodSeconds"].number }
    package var creationTime: Timestamp? { metadata["creationTimestamp"].time }
    package var deletionTime: Timestamp? { metadata["deletionTimestamp"].time }
}

extension Field {
    /// The texts of an object's members.
    package var texts: [String: String] {
        Dictionary(entries.compactMap { entry in entry.value.text.map { (entry.key, $0) } }) { $1 }
    }

    /// The texts of a list.
    package var list: [String] { elements.compactMap(\.text) }

    package var flag: Bool? { value?.boolValue }

    /// A time as RFC 3339 writes it.
    package var time: Timestamp? {
        guard let text else { return nil }
        return try? Timestamp(rfc3339: text)
    }

    /// A quantity rounded up to whole units.
    package var wholeQuantity: Int64? {
        guard let text, let amount = Quantity.parse(text) else { return nil }
        return Int64(exactly: amount.rounded(.up))
    }
}
