internal import ClusterModel
internal import JSON
internal import Units

/// A container's environment, in the order in which it is written.
///
/// Source: Kubernetes API reference v1.32, EnvVar, EnvFromSource.
enum ContainerEnvironment {
    /// `NAME=VALUE` each; a later one replaces an earlier one.
    static func variables(of container: ContainerObject, _ facts: PodFacts) throws(AgentError) -> [(String, String)] {
        var found: [(String, String)] = []
        func set(_ name: String, _ value: String) {
            if let index = found.firstIndex(where: { $0.0 == name }) { found.remove(at: index) }
            found.append((name, value))
        }
        for source in container.environmentSources {
            let prefix = source["prefix"].text ?? ""
            for (key, value) in try all(source, facts) { set(prefix + key, value) }
        }
        for variable in container.environment {
            guard let name = variable["name"].text else { continue }
            if variable["valueFrom"].isPresent {
                guard let value = try value(variable["valueFrom"], of: container, facts) else { continue }
                set(name, value)
            } else {
                set(name, expand(variable["value"].text ?? "", found))
            }
        }
        return found
    }

    /// Replaces `$(NAME)` by what is known; `$$` stands for a dollar sign, an unknown name for itself.
    static func expand(_ text: String, _ variables: [(String, String)]) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "(", let end = rest.firstIndex(of: ")") {
                let name = rest[rest.index(after: rest.startIndex)..<end]
                result += variables.first { $0.0 == name }?.1 ?? "$(\(name))"
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    /// The keys of a ConfigMap's or Secret's data with their texts, sorted.
    private static func all(_ source: Field, _ facts: PodFacts) throws(AgentError) -> [(String, String)] {
        let isSecret = source["secretRef"].isPresent
        let reference = isSecret ? source["secretRef"] : source["configMapRef"]
        guard let object = try object(reference, isSecret, facts) else { return [] }
        return DataKeys.texts(object, isSecret: isSecret).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func value(
        _ from: Field, of container: ContainerObject, _ facts: PodFacts
    ) throws(AgentError) -> String? {
        if let path = from["fieldRef"]["fieldPath"].text { return try facts.field(path) }
        if from["resourceFieldRef"].isPresent { return try facts.resource(from["resourceFieldRef"], of: container) }
        let isSecret = from["secretKeyRef"].isPresent
        let reference = isSecret ? from["secretKeyRef"] : from["configMapKeyRef"]
        guard let key = reference["key"].text else { throw .configuration("\(reference.path): it names no key") }
        guard let object = try object(reference, isSecret, facts) else { return nil }
        if let value = DataKeys.texts(object, isSecret: isSecret)[key] { return value }
        if reference["optional"].flag == true { return nil }
        let kind = isSecret ? "Secret" : "ConfigMap"
        throw .configuration(
            "couldn't find key \(key) in \(kind) \(facts.pod.namespace)/\(reference["name"].text ?? "")")
    }

    private static func object(
        _ reference: Field, _ isSecret: Bool, _ facts: PodFacts
    ) throws(AgentError) -> JSONValue? {
        let name = reference["name"].text ?? ""
        if let object = isSecret ? facts.secrets[name] : facts.configMaps[name] { return object }
        if reference["optional"].flag == true { return nil }
        throw .configuration("\(isSecret ? "secret" : "configmap") \"\(name)\" not found")
    }
}

/// The contents of ConfigMaps and Secrets.
enum DataKeys {
    static func texts(_ object: JSONValue, isSecret: Bool) -> [String: String] {
        bytes(object, isSecret: isSecret).mapValues { String(decoding: $0, as: UTF8.self) }
    }

    static func bytes(_ object: JSONValue, isSecret: Bool) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        let field = Field(object)
        for (key, value) in field["data"].entries {
            guard let text = value.text else { continue }
            found[key] = isSecret ? Base64.decoded(text) ?? [] : Array(text.utf8)
        }
        for (key, value) in field["binaryData"].entries { found[key] = value.text.flatMap { Base64.decoded($0) } ?? [] }
        for (key, value) in field["stringData"].entries { found[key] = Array((value.text ?? "").utf8) }
        return found
    }
}
