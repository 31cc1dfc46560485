internal import JSON

/// Whether an object may become another: what is fixed once it exists.
package enum UpdateValidation {
    package static func errors(
        from old: APIObject, to new: APIObject, of kind: ResourceKind
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if old.isBeingDeleted {
            let added = new.finalizers.filter { !old.finalizers.contains($0) }
            if !added.isEmpty {
                errors.append(
                    FieldError(
                        "metadata.finalizers", .forbidden,
                        "no new finalizers can be added if the object is being deleted, found new finalizers "
                            + added.map { "\"\($0)\"" }.joined(separator: ", ")))
            }
        }
        switch kind {
        case Catalog.pod: errors += pod(from: old, to: new)
        case Catalog.configMap, Catalog.secret: errors += keyed(from: old, to: new, of: kind)
        case Catalog.priorityClass where old["value"] != new["value"]:
            errors.append(FieldError("value", .forbidden, "may not be changed in an update."))
        case Catalog.node:
            let fixed = old["spec"]?["podCIDR"]
            if let fixed, fixed != .null, fixed != "", fixed != new["spec"]?["podCIDR"] {
                errors.append(
                    FieldError(
                        "spec.podCIDRs", .forbidden, "node updates may not change podCIDR except from \"\" to valid"))
            }
        default: break
        }
        return errors
    }

    private static func keyed(from old: APIObject, to new: APIObject, of kind: ResourceKind) -> [FieldError] {
        var errors: [FieldError] = []
        if kind == Catalog.secret, old["type"] != new["type"] {
            errors.append(
                FieldError("type", .invalid(found: (new["type"] ?? .null).summary), "field is immutable"))
        }
        guard old["immutable"]?.boolValue == true else { return errors }
        if new["immutable"]?.boolValue != true {
            errors.append(FieldError("immutable", .forbidden, "field is immutable when `immutable` is set"))
        }
        for part in ["data", "binaryData"] where old[part] != new[part] {
            errors.append(FieldError(part, .forbidden, "field is immutable when `immutable` is set"))
        }
        return errors
    }

    /// Of a pod's specification only few fields may change.
    private static func pod(from old: APIObject, to new: APIObject) -> [FieldError] {
        var rest = new["spec"] ?? [:]
        let before = old["spec"] ?? [:]
        for list in ["containers", "initContainers"] { keepImages(of: list, in: &rest, from: before) }
        if rest["activeDeadlineSeconds"] != nil, !isLater(rest, than: before) {
            return [
                FieldError(
                    "spec.activeDeadlineSeconds", .invalid(found: (rest["activeDeadlineSeconds"] ?? .null).summary),
                    "must be less than or equal to previous value")
            ]
        }
        rest["activeDeadlineSeconds"] = before["activeDeadlineSeconds"]
        let kept = before["tolerations"]?.arrayValue ?? []
        let now = rest["tolerations"]?.arrayValue ?? []
        if kept.allSatisfy({ now.contains($0) || now.contains(without: "tolerationSeconds", $0) }) {
            rest["tolerations"] = before["tolerations"]
        }
        let gates = before["schedulingGates"]?.arrayValue ?? []
        let left = rest["schedulingGates"]?.arrayValue ?? []
        if left.contains(where: { !gates.contains($0) }) {
            return [
                FieldError(
                    "spec.schedulingGates", .forbidden, "only deletion is allowed, but found new scheduling gate")
            ]
        }
        rest["schedulingGates"] = before["schedulingGates"]
        if !gates.isEmpty {
            rest["nodeSelector"] = before["nodeSelector"]
            rest["affinity"] = before["affinity"]
        }
        if rest == before { return [] }
        return [
            FieldError(
                "spec", .forbidden,
                "pod updates may not change fields other than `spec.containers[*].image`,"
                    + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                    + "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                    + "previously negative); changed: " + changed(before, rest).joined(separator: ", "))
        ]
    }

    private static func keepImages(of list: String, in spec: inout JSONValue, from before: JSONValue) {
        let old = before[list]?.arrayValue ?? []
        guard var elements = spec[list]?.arrayValue, elements.count == old.count else { return }
        for index in elements.indices where !(elements[index]["image"]?.stringValue ?? "").isEmpty {
            elements[index]["image"] = old[index]["image"]
        }
        spec[list] = .array(elements)
    }

    /// A deadline may come, or come closer.
    private static func isLater(_ spec: JSONValue, than before: JSONValue) -> Bool {
        guard let new = spec["activeDeadlineSeconds"]?.intValue else { return true }
        guard let old = before["activeDeadlineSeconds"]?.intValue else { return true }
        return new <= old
    }

    private static func changed(_ old: JSONValue, _ new: JSONValue) -> [String] {
        let keys = Set((old.objectValue ?? [:]).keys + (new.objectValue ?? [:]).keys)
        return keys.filter { old[$0] != new[$0] }.sorted().map { "spec.\($0)" }
    }
}

extension [JSONValue] {
    /// Whether an element equals `value` but for one member.
    fileprivate func contains(without key: String, _ value: JSONValue) -> Bool {
        var bare = value
        bare[key] = nil
        return contains { element in
            var other = element
            other[key] = nil
            return other == bare
        }
    }
}
