internal import ClusterModel
internal import JSON

/// The kinds' schema as OpenAPI documents, made once from the same table that objects are checked against.
///
/// Source: OpenAPI 2.0 and 3.0; Kubernetes, "OpenAPI" for the `x-kubernetes` members.
enum OpenAPI {
    /// One document for all groups.
    static let v2: [UInt8] = {
        let dialect = OpenAPIDialect(references: "#/definitions/", isV3: false)
        var paths: JSONObject = [:]
        for kind in Catalog.all { OpenAPIPaths(kind, dialect).add(to: &paths) }
        let document: JSONValue = [
            "swagger": "2.0", "info": ["title": "Pouch", "version": "v1.32.0"], "paths": .object(paths),
            "definitions": .object(dialect.definitions(for: Catalog.all)),
        ]
        return document.encoded()
    }()

    /// By `api/v1`, `apis/policy/v1`.
    static let v3: [String: [UInt8]] = {
        let dialect = OpenAPIDialect(references: "#/components/schemas/", isV3: true)
        var documents: [String: [UInt8]] = [:]
        for (group, version) in [("", "v1")] + Catalog.groups.map({ ($0.name, $0.version) }) {
            let kinds = Catalog.all.filter { $0.group == group && $0.version == version }
            var paths: JSONObject = [:]
            for kind in kinds { OpenAPIPaths(kind, dialect).add(to: &paths) }
            let document: JSONValue = [
                "openapi": "3.0.0", "info": ["title": "Pouch", "version": "v1.32.0"], "paths": .object(paths),
                "components": ["schemas": .object(dialect.definitions(for: kinds))],
            ]
            documents[group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)"] = document.encoded()
        }
        return documents
    }()

    static let v3Index: [UInt8] = {
        let paths = v3.keys.sorted().map { path -> (String, JSONValue) in
            let length = v3[path]?.count ?? 0
            return (path, ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(length)")])
        }
        return JSONValue.object(["paths": .object(JSONObject(paths))]).encoded()
    }()
}

/// How a version of OpenAPI writes a schema.
struct OpenAPIDialect {
    let references: String
    let isV3: Bool
    private let schema = Schema.shared

    /// The kinds, their lists and whatever they are made of.
    func definitions(for kinds: [ResourceKind]) -> JSONObject {
        var wanted = kinds.map(\.kind) + ["DeleteOptions"]
        if kinds.contains(Catalog.pod) { wanted += ["Binding", "Eviction"] }
        var found: [String: JSONValue] = [:]
        while let name = wanted.popLast() {
            guard let type = schema[name], found[type.definition] == nil else { continue }
            found[type.definition] = definition(type, kinds.first { $0.kind == name })
            for field in type.fields { wanted += Self.types(in: field.shape) }
        }
        for kind in kinds {
            if let type = schema[kind.kind] { found[type.definition + "List"] = list(of: kind, type) }
        }
        return JSONObject(found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    private static func types(in shape: Shape) -> [String] {
        switch shape {
        case .list(let element), .map(let element): types(in: element)
        case .type(let name): [name]
        default: []
        }
    }

    private func definition(_ type: SchemaType, _ kind: ResourceKind?) -> JSONValue {
        var definition: JSONObject = ["type": "object", "description": .string(type.name)]
        definition["properties"] = .object(JSONObject(type.fields.map { ($0.name, property($0)) }))
        let required = type.fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { definition["required"] = .array(required) }
        if let kind { definition["x-kubernetes-group-version-kind"] = [groupVersionKind(kind, kind.kind)] }
        if type.name == "DeleteOptions" {
            definition["x-kubernetes-group-version-kind"] = [["group": "", "version": "v1", "kind": "DeleteOptions"]]
        }
        return .object(definition)
    }

    private func list(of kind: ResourceKind, _ type: SchemaType) -> JSONValue {
        [
            "type": "object", "description": .string("\(kind.kind)List"), "required": ["items"],
            "properties": [
                "apiVersion": ["type": "string"], "kind": ["type": "string"], "metadata": ["type": "object"],
                "items": ["type": "array", "items": ["$ref": .string(references + type.definition)]],
            ],
            "x-kubernetes-group-version-kind": [groupVersionKind(kind, kind.kind + "List")],
        ]
    }

    func groupVersionKind(_ kind: ResourceKind, _ name: String) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(name)]
    }

    func reference(to kind: ResourceKind, list: Bool = false) -> JSONValue {
        let definition = schema[kind.kind]?.definition ?? kind.kind
        return ["$ref": .string(references + definition + (list ? "List" : ""))]
    }

    private func property(_ field: SchemaField) -> JSONValue {
        var property = value(field.shape)
        if let key = field.mergeKey {
            property["x-kubernetes-patch-merge-key"] = .string(key)
            property["x-kubernetes-patch-strategy"] = .string(field.retainsKeys ? "merge,retainKeys" : "merge")
            property["x-kubernetes-list-type"] = "map"
            property["x-kubernetes-list-map-keys"] = [.string(key)]
        } else if field.isMerged {
            property["x-kubernetes-patch-strategy"] = "merge"
            property["x-kubernetes-list-type"] = "set"
        } else if case .list = field.shape {
            property["x-kubernetes-list-type"] = "atomic"
        }
        return property
    }

    private func value(_ shape: Shape) -> JSONValue {
        switch shape {
        case .string: ["type": "string"]
        case .boolean: ["type": "boolean"]
        case .int32: ["type": "integer", "format": "int32"]
        case .int64: ["type": "integer", "format": "int64"]
        case .number: ["type": "number", "format": "double"]
        case .quantity: isV3 ? ["oneOf": [["type": "string"], ["type": "number"]]] : ["type": "string"]
        case .intOrString:
            isV3
                ? ["oneOf": [["type": "integer"], ["type": "string"]], "format": "int-or-string"]
                : ["type": "string", "format": "int-or-string"]
        case .time, .microTime: ["type": "string", "format": "date-time"]
        case .bytes: ["type": "string", "format": "byte"]
        case .any: ["type": "object"]
        case .list(let element): ["type": "array", "items": value(element)]
        case .map(let element): ["type": "object", "additionalProperties": value(element)]
        case .type(let name):
            isV3
                ? ["allOf": [["$ref": .string(references + (schema[name]?.definition ?? name))]]]
                : ["$ref": .string(references + (schema[name]?.definition ?? name))]
        }
    }
}
