internal import ClusterModel
internal import ClusterStore
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import JSON

/// One object: read, made, changed, deleted.
extension APIServer {
    func get(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ request: APIRequest
    ) async throws -> Response {
        let representation = try Representation(
            accepting: request.accepted, included: request.query["includeObject"])
        let stored = try await objects.stored(kind, namespace, name)
        if representation.form == .object, !representation.isYAML { return .json(bytes: stored.value) }
        return answer(try ObjectCodec.decode(stored), kind, representation)
    }

    func create(_ kind: ResourceKind, _ namespace: String?, _ request: APIRequest) async throws -> Response {
        var admission = Admission(kind, namespace: namespace, strictness: try request.strictness())
        let representation = try Representation(
            accepting: request.accepted, included: request.query["includeObject"])
        guard let body = try await request.body() else { throw APIError.badRequest("body: an object is expected") }
        let object = try admission.decode(body)
        try restrict(object, kind, to: request.requester)
        let changed = try await objects.create(object, kind, namespace, isDryRun: try request.isDryRun())
        var response = answer(changed, kind, representation, status: .created)
        response.warn(admission.warnings + changed.warnings)
        return response
    }

    func replace(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ part: Objects.Part, _ request: APIRequest
    ) async throws -> Response {
        var admission = Admission(kind, namespace: namespace, strictness: try request.strictness())
        let representation = try Representation(
            accepting: request.accepted, included: request.query["includeObject"])
        guard let body = try await request.body() else { throw APIError.badRequest("body: an object is expected") }
        let object = try admission.decode(body)
        let changed = try await objects.update(
            kind, namespace, name, part, isDryRun: try request.isDryRun()
        ) { (old) throws(APIError) in Self.restricted(object, old, kind, to: request.requester) }
        var response = answer(changed, kind, representation)
        response.warn(admission.warnings)
        return response
    }

    func patch(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ part: Objects.Part, _ request: APIRequest
    ) async throws -> Response {
        let strictness = try request.strictness()
        let representation = try Representation(
            accepting: request.accepted, included: request.query["includeObject"])
        let patch = try Patch(try await request.bodyBytes(), mediaType: request.mediaType)
        var warnings: [String] = []
        let changed = try await objects.update(
            kind, namespace, name, part, isDryRun: try request.isDryRun()
        ) { (old) throws(APIError) in
            var admission = Admission(kind, namespace: namespace, strictness: strictness)
            var new = try admission.decode(try patch.apply(to: old, kind))
            warnings = admission.warnings
            // Only a patch that names a version insists on it.
            if new.resourceVersion == old.resourceVersion { new.setMetadata("resourceVersion", nil) }
            return Self.restricted(new, old, kind, to: request.requester)
        }
        var response = answer(changed, kind, representation)
        response.warn(warnings)
        return response
    }

    func delete(
        _ kind: ResourceKind, _ namespace: String?, _ name: String, _ request: APIRequest
    ) async throws -> Response {
        let options = try await deleteOptions(request)
        let deleted = try await objects.delete(kind, namespace, name, options)
        try await expel([name], kind, isDryRun: options.isDryRun)
        guard deleted.isGone else { return .json(deleted.object.value) }
        if kind == Catalog.pod { return .json(deleted.object.value) }
        return .json(Self.success(code: 200, details: details(of: deleted.object, kind)).without("code"))
    }

    private func details(of object: APIObject, _ kind: ResourceKind) -> JSONValue {
        var details: JSONObject = ["name": .string(object.name)]
        if !kind.group.isEmpty { details["group"] = .string(kind.group) }
        details["kind"] = .string(kind.plural)
        details["uid"] = .string(object.uid ?? "")
        return .object(details)
    }

    func deleteCollection(
        _ kind: ResourceKind, _ namespace: String?, _ request: APIRequest
    ) async throws -> Response {
        guard kind != Catalog.namespace else { throw APIError.methodNotAllowed }
        let options = try await deleteOptions(request)
        let labels = try request.labelQuery()
        let fields = try request.fieldQuery(for: kind)
        let chosen = try await objects.list(kind, namespace).filter {
            labels.matches($0.labels) && fields.matches($0.value)
        }
        var gone: [JSONValue] = []
        for object in chosen {
            if let deleted = try await objects.deleteIfPresent(kind, object.namespace, object.name, options) {
                gone.append(deleted.object.value)
            }
        }
        try await expel(gone.compactMap { $0["metadata"]?["name"]?.stringValue }, kind, isDryRun: options.isDryRun)
        return .json([
            "kind": .string("\(kind.kind)List"), "apiVersion": .string(kind.apiVersion),
            "metadata": ["resourceVersion": .string(objects.store.revision.description)], "items": .array(gone),
        ])
    }

    private func deleteOptions(_ request: APIRequest) async throws -> DeleteOptions {
        var options = try DeleteOptions(try await request.body() ?? [:])
        if let grace = try request.number("gracePeriodSeconds") { options.gracePeriod = grace }
        if let name = request.query["propagationPolicy"] {
            guard let policy = DeleteOptions.Propagation(rawValue: name) else {
                throw APIError.badRequest("propagationPolicy: Unsupported value: \"\(name)\"")
            }
            options.propagation = policy
        }
        options.isDryRun = try options.isDryRun || request.isDryRun()
        return options
    }

    /// What was written, in the form asked for: the store's own bytes where that is possible.
    private func answer(
        _ changed: Objects.Changed, _ kind: ResourceKind, _ representation: Representation,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        if let stored = changed.stored, representation.form == .object, !representation.isYAML {
            return .json(bytes: stored.value, status: status)
        }
        return answer(changed.object, kind, representation, status: status)
    }

    /// An object in the form asked for.
    func answer(
        _ object: APIObject, _ kind: ResourceKind, _ representation: Representation,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        let value: JSONValue =
            switch representation.form {
            case .object: object.value
            case .metadata: Representation.metadata(of: object)
            case .table:
                TableColumns(of: kind).table(
                    [object], including: representation.included,
                    metadata: ["resourceVersion": .string(object.resourceVersion ?? "")], now: clock())
            }
        if representation.isYAML {
            return .json(bytes: Array(YAMLText.write(value).utf8), status: status, type: "application/yaml")
        }
        return .json(value, status: status)
    }
}

extension JSONValue {
    fileprivate func without(_ key: String) -> JSONValue {
        var value = self
        value[key] = nil
        return value
    }
}
