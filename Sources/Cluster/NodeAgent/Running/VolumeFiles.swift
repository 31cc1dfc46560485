internal import ClusterModel
internal import JSON

/// A file of a volume that the agent fills.
struct VolumeFile: Sendable, Equatable {
    /// Within the volume.
    var path: String
    var bytes: [UInt8]
    var mode: UInt32
}

/// The files of configMap, secret, downwardAPI and projected volumes.
///
/// Source: Kubernetes API reference v1.32, Volume.
enum VolumeFiles {
    /// Kinds of volumes that are filled with files.
    static let kinds: Set<String> = ["configMap", "secret", "downwardAPI", "projected"]

    static func files(of volume: VolumeObject, _ facts: PodFacts) throws(AgentError) -> [VolumeFile] {
        let mode = volume.source["defaultMode"].number ?? 0o644
        guard volume.kind == "projected" else {
            return try files(volume.kind, volume.source, mode: mode, facts)
        }
        var found: [VolumeFile] = []
        for source in volume.source["sources"].elements {
            for (kind, part) in source.entries where part.isPresent {
                guard kinds.contains(kind) else {
                    // A token for talking to the server is none of what this pool gives to pods.
                    if kind == "serviceAccountToken" { continue }
                    throw .configuration("\(part.path): volumes of this kind are not supported")
                }
                found += try files(kind, part, mode: mode, facts)
            }
        }
        return found
    }

    private static func files(
        _ kind: String, _ source: Field, mode: Int, _ facts: PodFacts
    ) throws(AgentError) -> [VolumeFile] {
        if kind == "downwardAPI" { return try downward(source, mode: mode, facts) }
        let isSecret = kind == "secret"
        let name = source["secretName"].text ?? source["name"].text ?? ""
        guard let object = isSecret ? facts.secrets[name] : facts.configMaps[name] else {
            if source["optional"].flag == true { return [] }
            throw .configuration("\(isSecret ? "secret" : "configmap") \"\(name)\" not found")
        }
        let data = DataKeys.bytes(object, isSecret: isSecret)
        guard source["items"].isPresent else {
            return data.sorted { $0.key < $1.key }.map {
                VolumeFile(path: $0.key, bytes: $0.value, mode: UInt32(mode & 0o777))
            }
        }
        var found: [VolumeFile] = []
        for item in source["items"].elements {
            let key = item["key"].text ?? ""
            guard let bytes = data[key] else {
                if source["optional"].flag == true { continue }
                throw .configuration("references non-existent \(isSecret ? "secret" : "config") key: \(key)")
            }
            found.append(
                VolumeFile(
                    path: try inside(item["path"]), bytes: bytes, mode: UInt32((item["mode"].number ?? mode) & 0o777)))
        }
        return found
    }

    private static func downward(_ source: Field, mode: Int, _ facts: PodFacts) throws(AgentError) -> [VolumeFile] {
        var found: [VolumeFile] = []
        for item in source["items"].elements {
            let text =
                if let path = item["fieldRef"]["fieldPath"].text { try facts.field(path) } else {
                    try facts.resource(item["resourceFieldRef"], of: nil)
                }
            found.append(
                VolumeFile(
                    path: try inside(item["path"]), bytes: Array(text.utf8),
                    mode: UInt32((item["mode"].number ?? mode) & 0o777)))
        }
        return found
    }

    /// A path that stays within its volume.
    private static func inside(_ field: Field) throws(AgentError) -> String {
        let path = field.text ?? ""
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, !path.hasPrefix("/"), !parts.contains(".."), !parts.contains("") else {
            throw .configuration("\(field.path): \(path) is no path within the volume")
        }
        return path
    }

    /// Names of the ConfigMaps and Secrets that a pod asks for, in its volumes and environments.
    static func references(_ pod: PodObject) -> (configMaps: Set<String>, secrets: Set<String>) {
        var (maps, secrets): (Set<String>, Set<String>) = ([], Set(pod.imagePullSecrets))
        func note(_ name: Field, _ isSecret: Bool) {
            guard let name = name.text, !name.isEmpty else { return }
            if isSecret { secrets.insert(name) } else { maps.insert(name) }
        }
        for volume in pod.volumes {
            note(volume.field["configMap"]["name"], false)
            note(volume.field["secret"]["secretName"], true)
            for source in volume.field["projected"]["sources"].elements {
                note(source["configMap"]["name"], false)
                note(source["secret"]["name"], true)
            }
        }
        for container in pod.containers + pod.initContainers {
            for source in container.environmentSources {
                note(source["configMapRef"]["name"], false)
                note(source["secretRef"]["name"], true)
            }
            for variable in container.environment {
                note(variable["valueFrom"]["configMapKeyRef"]["name"], false)
                note(variable["valueFrom"]["secretKeyRef"]["name"], true)
            }
        }
        return (maps, secrets)
    }
}
