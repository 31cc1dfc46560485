package import JSON
package import Units

/// What becomes of an object between the request and the store: names, defaults, rules.
///
/// A value without clock, randomness or I/O: what it needs of them is passed in.
package struct Admission: Sendable {
    /// How the object's field that the kind has not are to be taken.
    package enum Strictness: String, Sendable {
        case ignore = "Ignore"
        case warn = "Warn"
        case strict = "Strict"
    }

    package let kind: ResourceKind
    package let namespace: String?
    package let strictness: Strictness
    /// What the client is warned about, so far.
    package private(set) var warnings: [String] = []

    package init(_ kind: ResourceKind, namespace: String?, strictness: Strictness = .strict) {
        self.kind = kind
        self.namespace = namespace
        self.strictness = strictness
    }

    /// Whether what was sent is an object of the kind at all.
    ///
    /// - Throws: ``APIError/badRequest(_:)`` for another kind, a wrong type, or an unknown field where that is refused.
    package mutating func decode(_ value: JSONValue, as name: String? = nil) throws(APIError) -> APIObject {
        let name = name ?? kind.kind
        guard case .object = value else { throw .badRequest("\(name): expected an object, found \(value.summary)") }
        var object = APIObject(value)
        if object["kind"] == nil { object["kind"] = .string(name) }
        if object["apiVersion"] == nil, name == kind.kind { object["apiVersion"] = .string(kind.apiVersion) }
        guard object.kind == name, name != kind.kind || object.apiVersion == kind.apiVersion else {
            throw .badRequest(
                "the API version in the data (\(object.apiVersion), kind \(object.kind)) does not match the expected "
                    + "API version (\(kind.apiVersion), kind \(name))")
        }
        try checkShape(value, as: name)
        return object
    }

    private mutating func checkShape(_ value: JSONValue, as name: String) throws(APIError) {
        var check = SchemaCheck()
        do {
            try check.check(value, as: name)
        } catch {
            throw .badRequest(
                "\(name) in version \"\(kind.version)\" cannot be handled as a \(name): \(error.description)")
        }
        guard !check.unknown.isEmpty else { return }
        let complaints = check.unknown.map { "unknown field \"\($0)\"" }
        switch strictness {
        case .strict: throw .badRequest("strict decoding error: " + complaints.joined(separator: ", "))
        case .warn: warnings += complaints
        case .ignore: break
        }
    }

    /// Makes a new object what it is stored as.
    ///
    /// `suffix` ends a generated name; it is asked for once.
    ///
    /// - Throws: ``APIError/badRequest(_:)``, ``APIError/invalid(kind:group:name:_:)``.
    package func create(
        _ object: inout APIObject, now: Timestamp, uid: String, suffix: () -> String
    ) throws(APIError) {
        guard object.resourceVersion == nil else {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        try placeInNamespace(&object)
        if object.name.isEmpty, let prefix = object.generateName {
            object.setMetadata("name", .string(String(prefix.prefix(58)) + suffix()))
        }
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] { object.setMetadata(field, nil) }
        object.setMetadata("uid", .string(uid))
        object.setMetadata("creationTimestamp", .string(now.toSecond))
        if hasGeneration { object.setMetadata("generation", 1) }
        Defaults.apply(to: &object, of: kind)
        if kind.hasStatus { resetStatus(of: &object, now: now) }
        try refuse(Validation.errors(in: object, of: kind), name: object.name)
    }

    /// Makes `object`, which shall replace `old`, what it is stored as.
    ///
    /// - Throws: ``APIError/badRequest(_:)``, ``APIError/conflict(_:name:why:)``, ``APIError/invalid(kind:group:name:_:)``.
    package func update(_ object: inout APIObject, replacing old: APIObject) throws(APIError) {
        try keepIdentity(of: old, in: &object)
        Defaults.apply(to: &object, of: kind)
        if kind.hasStatus { object.takeStatus(of: old) }
        if hasGeneration, object["spec"] != old["spec"] {
            object.setMetadata("generation", .integer(old.generation + 1))
        }
        let errors = UpdateValidation.errors(from: old, to: object, of: kind)
        try refuse(Validation.errors(in: object, of: kind) + errors, name: old.name)
    }

    /// Makes `object` the old one with the new status, labels and annotations.
    ///
    /// - Throws: ``APIError/conflict(_:name:why:)``, ``APIError/invalid(kind:group:name:_:)``.
    package func updateStatus(_ object: inout APIObject, of old: APIObject) throws(APIError) {
        try keepIdentity(of: old, in: &object)
        var new = old
        new.takeStatus(of: object)
        new.setMetadata("labels", object.metadata["labels"])
        new.setMetadata("annotations", object.metadata["annotations"])
        object = new
        try refuse(Validation.errors(in: object, of: kind), name: old.name)
    }

    private func placeInNamespace(_ object: inout APIObject) throws(APIError) {
        guard let namespace else { return object.setMetadata("namespace", nil) }
        if let own = object.namespace, own != namespace {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        object.setMetadata("namespace", .string(namespace))
    }

    private func keepIdentity(of old: APIObject, in object: inout APIObject) throws(APIError) {
        try placeInNamespace(&object)
        guard object.name == old.name else {
            throw .badRequest(
                "the name of the object (\(object.name)) does not match the name on the URL (\(old.name))")
        }
        if let uid = object.uid, uid != old.uid {
            throw .conflict(
                kind, name: old.name,
                why: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid ?? "")")
        }
        for field in [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName",
        ] {
            object.setMetadata(field, old.metadata[field])
        }
    }

    /// Pods and leases of this version count no generations; what has neither specification nor status does not either.
    private var hasGeneration: Bool {
        kind.hasStatus && ![Catalog.pod, Catalog.node, Catalog.namespace].contains(kind)
    }

    private func resetStatus(of object: inout APIObject, now: Timestamp) {
        switch kind {
        case Catalog.pod:
            let quality = PodObject(object.value).qualityOfService.rawValue
            object["status"] = ["phase": "Pending", "qosClass": .string(quality)]
        case Catalog.node:
            if object["status"] == nil { object["status"] = [:] }
        case Catalog.namespace: object["status"] = ["phase": "Active"]
        default: object["status"] = [:]
        }
    }

    package func refuse(_ errors: [FieldError], name: String) throws(APIError) {
        if !errors.isEmpty { throw .invalid(kind: kind.kind, group: kind.group, name: name, errors) }
    }
}
