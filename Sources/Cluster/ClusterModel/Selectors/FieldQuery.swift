package import JSON

/// A choice among objects by some of their fields, as `fieldSelector` writes it: `spec.nodeName=n1,status.phase!=Running`.
///
/// Source: Kubernetes documentation, "Field Selectors".
package struct FieldQuery: Equatable, Sendable {
    package struct Requirement: Equatable, Sendable {
        package let path: [String]
        package let value: String
        package let isEqual: Bool

        package init(_ path: [String], _ value: String, isEqual: Bool = true) {
            self.path = path
            self.value = value
            self.isEqual = isEqual
        }
    }

    package let requirements: [Requirement]

    package init(_ requirements: [Requirement]) {
        self.requirements = requirements
    }

    package static let everything = FieldQuery([])
    package var isEverything: Bool { requirements.isEmpty }

    /// The value that the field at `path` must have, if one is asked for.
    package func required(_ path: String) -> String? {
        requirements.first { $0.isEqual && $0.path.joined(separator: ".") == path }?.value
    }

    package func matches(_ object: JSONValue) -> Bool {
        requirements.allSatisfy { ($0.value == Self.text(of: object, at: $0.path)) == $0.isEqual }
    }

    private static func text(of object: JSONValue, at path: [String]) -> String {
        var value: JSONValue? = object
        for step in path { value = value?[step] }
        return switch value {
        case .string(let text): text
        case nil, .null: path == ["spec", "unschedulable"] ? "false" : ""
        case let other?: other.description
        }
    }

    /// Reads what was asked for objects of `kind`.
    ///
    /// - Throws: ``APIError/badRequest(_:)`` for a field that objects of the kind cannot be chosen by.
    package init(parsing text: String, for kind: ResourceKind) throws(APIError) {
        var requirements: [Requirement] = []
        for part in text.split(separator: ",") {
            guard let sign = part.firstIndex(of: "=") else {
                throw .badRequest("invalid field selector: \(part): expected =, == or !=")
            }
            var path = part[..<sign]
            var value = part[part.index(after: sign)...]
            let isEqual = !path.hasSuffix("!")
            if !isEqual { path = path.dropLast() }
            if value.hasPrefix("=") { value = value.dropFirst() }
            let name = String(LabelQuery.trimmed(path))
            guard Self.fields(of: kind).contains(name) else {
                throw .badRequest("field label not supported: \(name)")
            }
            requirements.append(
                Requirement(
                    name.split(separator: ".").map(String.init), String(LabelQuery.trimmed(value)), isEqual: isEqual))
        }
        self.init(requirements)
    }

    /// What objects of a kind can be chosen by.
    package static func fields(of kind: ResourceKind) -> [String] {
        var fields = ["metadata.name"]
        if kind.isNamespaced { fields.append("metadata.namespace") }
        switch kind {
        case Catalog.pod:
            fields += [
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
            ]
        case Catalog.node: fields.append("spec.unschedulable")
        case Catalog.namespace: fields.append("status.phase")
        case Catalog.secret: fields.append("type")
        case Catalog.event:
            fields += [
                "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
                "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
                "reportingComponent", "source", "type",
            ]
        default: break
        }
        return fields
    }
}
