internal import Engine
internal import JSON
internal import RegistryClient

/// How registries are reached: dockerd's settings.
///
/// In the file `registry-mirrors` may also be an object of lists, by the registry they mirror; a list is for Docker's own.
struct RegistryDefaults {
    private var mirrors: [String: [String]] = [:]
    private var insecure: [String]
    private var downloads: Int?
    private var uploads: Int?

    init(_ flags: Flags, _ file: SettingsFile) throws {
        if !flags.registryMirror.isEmpty {
            mirrors["docker.io"] = flags.registryMirror
        } else if file.isObject("registry-mirrors") {
            let lists = try file.members("registry-mirrors") { field throws(JSONError) in try field.strings() }
            for (registry, list) in lists { mirrors[registry] = list }
        } else if let list = try file.strings("registry-mirrors") {
            mirrors["docker.io"] = list
        }
        for mirror in mirrors.values.joined() where !mirror.hasPrefix("https://") && !mirror.hasPrefix("http://") {
            throw ConfigurationError.invalid(
                name: "registry-mirror", value: mirror, why: "not https://HOST[:PORT][/PATH] or http://…")
        }
        insecure =
            try flags.insecureRegistry.isEmpty ? file.strings("insecure-registries") ?? [] : flags.insecureRegistry
        for registry in insecure where registry.contains("://") {
            throw ConfigurationError.invalid(
                name: "insecure-registry", value: registry, why: "HOST[:PORT] or a network, without a scheme")
        }
        downloads = try Self.count("max-concurrent-downloads", flags.maxConcurrentDownloads, file)
        uploads = try Self.count("max-concurrent-uploads", flags.maxConcurrentUploads, file)
    }

    private static func count(_ name: String, _ given: Int?, _ file: SettingsFile) throws -> Int? {
        guard let count = try given ?? file.int(name) else { return nil }
        guard (1...100).contains(count) else {
            throw ConfigurationError.invalid(name: name, value: "\(count)", why: "from 1 to 100")
        }
        return count
    }

    /// Puts the settings into `configuration`.
    func apply(to configuration: inout EngineConfiguration) {
        configuration.registries.mirrors = mirrors
        configuration.registries.insecure = insecure
        if let downloads { configuration.parallelDownloads = downloads }
        if let uploads { configuration.parallelUploads = uploads }
    }
}
