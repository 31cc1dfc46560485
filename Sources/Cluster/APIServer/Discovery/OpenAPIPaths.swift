internal import ClusterModel
internal import JSON

/// The paths of one kind, with what clients look for in them: which kind an operation is about and which parameters it takes.
struct OpenAPIPaths {
    private let kind: ResourceKind
    private let dialect: OpenAPIDialect

    init(_ kind: ResourceKind, _ dialect: OpenAPIDialect) {
        self.kind = kind
        self.dialect = dialect
    }

    func add(to paths: inout JSONObject) {
        let root = kind.group.isEmpty ? "/api/v1" : "/apis/\(kind.apiVersion)"
        let home = kind.isNamespaced ? "\(root)/namespaces/{namespace}/\(kind.plural)" : "\(root)/\(kind.plural)"
        var collection: JSONObject = [
            "get": operation("list", answer: true), "post": operation("create", "post", body: true),
            "delete": operation("deletecollection"),
        ]
        if let parameters = parameters(hasName: false) { collection["parameters"] = parameters }
        paths[home] = .object(collection)
        paths["\(home)/{name}"] = .object(object())
        if kind.isNamespaced {
            paths["\(root)/\(kind.plural)"] = ["get": operation("list", answer: true, suffix: "ForAllNamespaces")]
        }
        if kind.hasStatus { paths["\(home)/{name}/status"] = .object(object(isStatus: true)) }
    }

    private func object(isStatus: Bool = false) -> JSONObject {
        let suffix = isStatus ? "Status" : ""
        var object: JSONObject = [
            "get": operation("get", suffix: suffix), "put": operation("replace", "put", body: true, suffix: suffix),
            "patch": operation("patch", "patch", body: true, suffix: suffix),
        ]
        if !isStatus { object["delete"] = operation("delete") }
        if let parameters = parameters(hasName: true) { object["parameters"] = parameters }
        return object
    }

    private func operation(
        _ verb: String, _ action: String? = nil, answer isList: Bool = false, body: Bool = false, suffix: String = ""
    ) -> JSONValue {
        let scope = kind.isNamespaced ? "Namespaced" : ""
        let group = kind.group.split(separator: ".").first.map { $0.prefix(1).uppercased() + $0.dropFirst() } ?? "Core"
        var operation: JSONObject = [
            "operationId": .string("\(verb)\(group)V1\(scope)\(kind.kind)\(suffix)"),
            "x-kubernetes-action": .string(action ?? verb),
            "x-kubernetes-group-version-kind": dialect.groupVersionKind(kind, kind.kind),
            "responses": ["200": response(isList: isList)],
        ]
        var parameters: [JSONValue] = []
        if body {
            for name in ["dryRun", "fieldManager", "fieldValidation"] { parameters.append(query(name)) }
            let types =
                verb == "patch"
                ? [
                    "application/json-patch+json", "application/merge-patch+json",
                    "application/strategic-merge-patch+json",
                ] : ["application/json", "application/yaml"]
            let schema = verb == "patch" ? ["type": "object"] : dialect.reference(to: kind)
            if dialect.isV3 {
                operation["requestBody"] = [
                    "required": true,
                    "content": .object(JSONObject(types.map { ($0, ["schema": schema]) })),
                ]
            } else {
                parameters.append(["name": "body", "in": "body", "required": true, "schema": schema])
                operation["consumes"] = .array(types.map { .string($0) })
                operation["produces"] = ["application/json", "application/yaml"]
            }
        }
        operation["parameters"] = .array(parameters)
        return .object(operation)
    }

    private func response(isList: Bool) -> JSONValue {
        let schema = dialect.reference(to: kind, list: isList)
        return dialect.isV3
            ? ["description": "OK", "content": ["application/json": ["schema": schema]]]
            : ["description": "OK", "schema": schema]
    }

    private func query(_ name: String) -> JSONValue {
        dialect.isV3
            ? ["name": .string(name), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
            : ["name": .string(name), "in": "query", "type": "string", "uniqueItems": true]
    }

    private func parameters(hasName: Bool) -> JSONValue? {
        let names = (hasName ? ["name"] : []) + (kind.isNamespaced ? ["namespace"] : [])
        if names.isEmpty { return nil }
        return .array(
            names.map { name in
                dialect.isV3
                    ? ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string"]]
                    : ["name": .string(name), "in": "path", "required": true, "type": "string"]
            })
    }
}
