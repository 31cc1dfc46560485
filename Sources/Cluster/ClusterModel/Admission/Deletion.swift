package import JSON
package import Units

/// How an object is to be deleted.
///
/// Source: Kubernetes API reference v1.32, DeleteOptions.
package struct DeleteOptions: Equatable, Sendable {
    /// What becomes of the objects that this one owns.
    package enum Propagation: String, Sendable {
        case orphan = "Orphan"
        case background = "Background"
        case foreground = "Foreground"
    }

    /// Seconds; `nil` is what the kind has.
    package var gracePeriod: Int64?
    package var propagation: Propagation
    package var uid: String?
    package var resourceVersion: String?
    package var isDryRun: Bool

    package init(
        gracePeriod: Int64? = nil, propagation: Propagation = .background, uid: String? = nil,
        resourceVersion: String? = nil, isDryRun: Bool = false
    ) {
        self.gracePeriod = gracePeriod
        self.propagation = propagation
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.isDryRun = isDryRun
    }

    /// - Throws: ``APIError/badRequest(_:)`` naming the field that is wrong.
    package init(_ value: JSONValue) throws(APIError) {
        var check = SchemaCheck()
        do {
            try check.check(value, as: "DeleteOptions")
        } catch {
            throw .badRequest("DeleteOptions: \(error.description)")
        }
        self.init()
        gracePeriod = value["gracePeriodSeconds"]?.intValue
        if let gracePeriod, gracePeriod < 0 {
            throw .badRequest("DeleteOptions: gracePeriodSeconds: must be greater than or equal to 0")
        }
        if let name = value["propagationPolicy"]?.stringValue {
            guard let policy = Propagation(rawValue: name) else {
                throw .badRequest(
                    "DeleteOptions: propagationPolicy: Unsupported value: \"\(name)\": supported values: \"Background\", "
                        + "\"Foreground\", \"Orphan\"")
            }
            propagation = policy
        } else if value["orphanDependents"]?.boolValue == true {
            propagation = .orphan
        }
        uid = value["preconditions"]?["uid"]?.stringValue
        resourceVersion = value["preconditions"]?["resourceVersion"]?.stringValue
        isDryRun = !(value["dryRun"]?.arrayValue ?? []).isEmpty
    }
}

/// What becomes of an object that shall be deleted.
package enum Deletion: Equatable, Sendable {
    /// It goes at once.
    case remove
    /// It stays, marked, until its finalizers, its node or its contents are done.
    case mark(APIObject)
    /// It is on its way already, and nothing changes.
    case wait

    static let foregroundFinalizer = "foregroundDeletion"
    static let orphanFinalizer = "orphan"

    /// Decides; what the preconditions of `options` ask for has been checked.
    package static func decide(
        _ object: APIObject, of kind: ResourceKind, _ options: DeleteOptions, now: Timestamp
    ) -> Deletion {
        let grace = gracePeriod(of: object, of: kind, options)
        var marked = object
        switch options.propagation {
        case .foreground: marked.addFinalizer(foregroundFinalizer)
        case .orphan: marked.addFinalizer(orphanFinalizer)
        case .background: break
        }
        let mustStay = !marked.finalizers.isEmpty || (kind == Catalog.namespace && marked.hasContents)
        if object.isBeingDeleted {
            let before = object.gracePeriod ?? 0
            if grace == 0, !mustStay { return .remove }
            guard grace < before || marked.finalizers != object.finalizers else { return .wait }
            if grace < before { marked.mark(grace: grace, now: now) }
            return .mark(marked)
        }
        guard grace > 0 || mustStay else { return .remove }
        marked.mark(grace: grace, now: now)
        if kind == Catalog.namespace { marked.value.change("status") { $0["phase"] = "Terminating" } }
        return .mark(marked)
    }

    /// Only pods that a node runs need time to go.
    private static func gracePeriod(
        of object: APIObject, of kind: ResourceKind, _ options: DeleteOptions
    ) -> Int64 {
        guard kind == Catalog.pod else { return 0 }
        let pod = PodObject(object.value)
        if pod.nodeName == nil || pod.phase.isTerminal { return 0 }
        return options.gracePeriod ?? Int64(pod.terminationGracePeriod)
    }
}

extension APIObject {
    /// Whether a namespace's contents keep it.
    var hasContents: Bool { !(self["spec"]?["finalizers"]?.arrayValue ?? []).isEmpty }

    mutating func addFinalizer(_ name: String) {
        guard !finalizers.contains(name) else { return }
        setMetadata("finalizers", .array((finalizers + [name]).map { .string($0) }))
    }

    package mutating func removeFinalizer(_ name: String) {
        let left = finalizers.filter { $0 != name }
        setMetadata("finalizers", left.isEmpty ? nil : .array(left.map { .string($0) }))
    }

    mutating func mark(grace: Int64, now: Timestamp) {
        setMetadata("deletionTimestamp", .string(now.advanced(by: .seconds(grace)).toSecond))
        setMetadata("deletionGracePeriodSeconds", .integer(grace))
    }

    /// Whether nothing keeps it any more, once it shall be deleted.
    package func mayGo(_ kind: ResourceKind) -> Bool {
        guard isBeingDeleted, finalizers.isEmpty, (gracePeriod ?? 0) == 0 else { return false }
        return kind != Catalog.namespace || !hasContents
    }
}
