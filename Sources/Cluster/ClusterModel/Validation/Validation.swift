internal import JSON

/// Whether an object says only what its kind allows; every complaint names its field.
///
/// Source: Kubernetes API reference v1.32; the wording is what users of that API know.
package enum Validation {
    /// What is wrong with a new object.
    package static func errors(in object: APIObject, of kind: ResourceKind) -> [FieldError] {
        var checks = FieldChecks()
        let field = Field(object.value)
        metadata(field["metadata"], of: kind, &checks)
        switch kind {
        case Catalog.pod: PodValidation.check(field["spec"], &checks)
        case Catalog.node: node(field, &checks)
        case Catalog.configMap, Catalog.secret: keyed(field, of: kind, &checks)
        case Catalog.event: event(field, &checks)
        case Catalog.disruptionBudget: budget(field["spec"], &checks)
        case Catalog.lease: lease(field["spec"], &checks)
        case Catalog.priorityClass: priorityClass(field, &checks)
        case Catalog.podGroup: checks.positive(field["spec"]["minMember"])
        case Catalog.queue: checks.notNegative(field["spec"]["weight"])
        case Catalog.addressPool: _ = checks.required(field["spec"]["cidr"])
        case Catalog.prewarmJob:
            let images = field["spec"]["images"]
            if images.elements.isEmpty { checks.add(images, .required) }
        default: break
        }
        return checks.errors
    }

    private static func metadata(_ metadata: Field, of kind: ResourceKind, _ checks: inout FieldChecks) {
        let name = metadata["name"]
        if (name.text ?? "").isEmpty {
            checks.add(name, .required, "name or generateName is required")
        } else if kind == Catalog.namespace {
            checks.label(name)
        } else {
            checks.subdomain(name)
        }
        checks.labels(metadata["labels"])
        var bytes = 0
        for (key, value) in metadata["annotations"].entries {
            bytes += key.utf8.count + (value.text?.utf8.count ?? 0)
            if let why = Names.qualifiedProblem(key.lowercased()) {
                checks.add(metadata["annotations"], .invalid(found: "\"\(key)\""), why)
            }
        }
        if bytes > 256 * 1024 { checks.add(metadata["annotations"], .tooLong(limit: 256 * 1024)) }
        for finalizer in metadata["finalizers"].elements {
            if let why = Names.qualifiedProblem(finalizer.text ?? "") { checks.invalid(finalizer, why) }
        }
        for owner in metadata["ownerReferences"].elements {
            for part in ["apiVersion", "kind", "name", "uid"] where (owner[part].text ?? "").isEmpty {
                checks.add(owner[part], .invalid(found: "\"\""), "must not be empty")
            }
        }
    }

    private static func node(_ node: Field, _ checks: inout FieldChecks) {
        for taint in node["spec"]["taints"].elements {
            if let why = Names.qualifiedProblem(taint["key"].text ?? "") { checks.invalid(taint["key"], why) }
            if let why = Names.labelValueProblem(taint["value"].text ?? "") { checks.invalid(taint["value"], why) }
            checks.choice(taint["effect"], ["NoSchedule", "PreferNoSchedule", "NoExecute"], isRequired: true)
        }
        for part in ["capacity", "allocatable"] {
            for (_, amount) in node["status"][part].entries { PodValidation.amount(amount, &checks) }
        }
    }

    private static func keyed(_ object: Field, of kind: ResourceKind, _ checks: inout FieldChecks) {
        var bytes = 0
        for part in ["data", "binaryData"] {
            for (key, value) in object[part].entries {
                bytes += value.text?.utf8.count ?? 0
                if let why = Names.dataKeyProblem(key) {
                    checks.add(FieldError("\(object[part].path)[\(key)]", .invalid(found: "\"\(key)\""), why))
                }
            }
        }
        if bytes > 1024 * 1024 * 4 / 3 { checks.add(object["data"], .tooLong(limit: 1024 * 1024)) }
        guard kind == Catalog.secret else { return }
        let needs: [String: [String]] = [
            "kubernetes.io/dockerconfigjson": [".dockerconfigjson"], "kubernetes.io/dockercfg": [".dockercfg"],
            "kubernetes.io/tls": ["tls.crt", "tls.key"], "kubernetes.io/ssh-auth": ["ssh-privatekey"],
        ]
        for key in needs[object["type"].text ?? ""] ?? [] where !object["data"][key].isPresent {
            checks.add(FieldError("data[\(key)]", .required))
        }
    }

    private static func event(_ event: Field, _ checks: inout FieldChecks) {
        let involved = event["involvedObject"]
        let own = event["metadata"]["namespace"].text ?? ""
        let theirs = involved["namespace"].text ?? ""
        if theirs.isEmpty ? own != "default" : theirs != own {
            checks.invalid(involved["namespace"], "does not match event.namespace")
        }
    }

    private static func budget(_ spec: Field, _ checks: inout FieldChecks) {
        let (least, most) = (spec["minAvailable"], spec["maxUnavailable"])
        if least.isPresent, most.isPresent {
            checks.invalid(spec, "minAvailable and maxUnavailable cannot be both set")
        }
        for field in [least, most] where field.isPresent {
            if let text = field.value?.stringValue {
                let digits = text.dropLast()
                if text.last != "%" || !(Int(digits).map { (0...100).contains($0) } ?? false) {
                    checks.invalid(field, "a valid percent string must be a numeric string followed by an ending '%'")
                }
            } else {
                checks.notNegative(field)
            }
        }
        checks.choice(spec["unhealthyPodEvictionPolicy"], ["IfHealthyBudget", "AlwaysAllow"])
        checks.selector(spec["selector"])
    }

    private static func lease(_ spec: Field, _ checks: inout FieldChecks) {
        checks.positive(spec["leaseDurationSeconds"])
        checks.notNegative(spec["leaseTransitions"])
    }

    private static func priorityClass(_ object: Field, _ checks: inout FieldChecks) {
        let isSystem = (object["metadata"]["name"].text ?? "").hasPrefix("system-")
        if let value = object["value"].number, value > 1_000_000_000, !isSystem {
            checks.add(
                object["value"], .forbidden, "maximum allowed value of a user defined priority is 1000000000")
        }
        checks.choice(object["preemptionPolicy"], ["Never", "PreemptLowerPriority"])
    }
}
