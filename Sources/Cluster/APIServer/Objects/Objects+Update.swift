package import ClusterModel
internal import ClusterStore
internal import JSON

extension Objects {
    /// Which part of an object a change is about.
    package enum Part: Sendable {
        case all
        case status
        /// The finalizers of a namespace's specification.
        case finalize
    }

    /// Changes an object: `change` makes the new one of what is there.
    ///
    /// When somebody was faster it is tried again, unless the new object names the version it was made from.
    ///
    /// - Throws: ``APIError``, also what `change` throws.
    package func update(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ part: Part = .all, isDryRun: Bool = false,
        _ change: (APIObject) throws(APIError) -> APIObject
    ) async throws(APIError) -> Changed {
        for _ in 0..<Self.mostAttempts {
            let found = try await get(kind, namespace, name)
            var object = try change(found.object)
            let expected = object.resourceVersion
            if let expected, expected != "0", expected != found.object.resourceVersion {
                throw .modified(kind, name: name)
            }
            let admission = Admission(kind, namespace: namespace)
            switch part {
            case .all: try admission.update(&object, replacing: found.object)
            case .status: try admission.updateStatus(&object, of: found.object)
            case .finalize:
                var finalized = found.object
                finalized["spec"] = object["spec"]
                object = finalized
            }
            object.setMetadata("resourceVersion", found.object.metadata["resourceVersion"])
            if object == found.object { return Changed(object: object, stored: found.stored) }
            if isDryRun { return Changed(object: object) }
            if let result = try await replace(found, by: object, kind) {
                object.setMetadata("resourceVersion", .string(result.revision.description))
                let isStored = result.object?.modified == result.revision
                return Changed(object: object, stored: isStored ? result.object : nil)
            }
            if let expected, expected != "0" { throw .modified(kind, name: name) }
        }
        throw .conflict(kind, name: name, why: "others keep changing the object; try again later")
    }

    /// Writes the new version, or takes the object away when nothing holds it any more; `nil` when somebody was faster.
    func replace(
        _ found: Found, by object: APIObject, _ kind: ResourceKind
    ) async throws(APIError) -> TransactionResult? {
        let key = found.stored.key
        let result =
            if object.mayGo(kind) {
                try await commit(.delete(key, at: found.stored.modified))
            } else {
                try await commit(.replace(await put(object, kind, at: key), at: found.stored.modified))
            }
        return result.succeeded ? result : nil
    }

    /// What deleting led to.
    package struct Deleted: Sendable {
        /// As it was last, or as it is while it waits to go.
        package let object: APIObject
        package let isGone: Bool
    }

    /// Deletes an object, or marks it where something must happen first.
    ///
    /// - Throws: ``APIError``: not there, or not the one that `options` asks for.
    package func delete(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ options: DeleteOptions
    ) async throws(APIError) -> Deleted {
        for _ in 0..<Self.mostAttempts {
            let found = try await get(kind, namespace, name)
            try check(options, found.object, kind)
            switch Deletion.decide(found.object, of: kind, options, now: clock()) {
            case .wait: return Deleted(object: found.object, isGone: false)
            case .remove:
                if options.isDryRun { return Deleted(object: found.object, isGone: true) }
                let result = try await commit(.delete(found.stored.key, at: found.stored.modified))
                if result.succeeded { return Deleted(object: found.object, isGone: true) }
            case .mark(var marked):
                if options.isDryRun { return Deleted(object: marked, isGone: false) }
                if let result = try await replace(found, by: marked, kind) {
                    marked.setMetadata("resourceVersion", .string(result.revision.description))
                    return Deleted(object: marked, isGone: false)
                }
            }
        }
        throw .conflict(kind, name: name, why: "others keep changing the object; try again later")
    }

    /// The same; `nil` when there is no such object.
    package func deleteIfPresent(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ options: DeleteOptions
    ) async throws(APIError) -> Deleted? {
        do throws(APIError) {
            return try await delete(kind, namespace, name, options)
        } catch {
            if case .notFound = error { return nil }
            throw error
        }
    }

    private func check(_ options: DeleteOptions, _ object: APIObject, _ kind: ResourceKind) throws(APIError) {
        if let uid = options.uid, uid != object.uid {
            throw .conflict(
                kind, name: object.name,
                why: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid ?? "")")
        }
        if let version = options.resourceVersion, version != object.resourceVersion {
            throw .conflict(
                kind, name: object.name,
                why: "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object "
                    + "meta: \(object.resourceVersion ?? "")")
        }
    }
}
