/// `--log-driver` and `--log-opt`.
struct LogOption: Equatable, Sendable {
    /// Nil is no log at all.
    struct File: Equatable, Sendable {
        var maxSize: UInt64?
        var maxFile = 1
        /// In the form and at the place that a pool's node agent asks for; nil is ours.
        var place: String?
    }
    var file: File?

    private static let known: Set<String> = [
        "max-size", "max-file", "labels", "labels-regex", "env", "env-regex", "tag",
    ]

    /// - Throws: ``EngineError/invalid(_:)`` for a driver or option that does not exist.
    init(_ config: LogConfig) throws(EngineError) {
        try Self.check(config)
        guard config.type != "none" else { return }
        var file = File()
        if let text = config.config["max-size"], text != "-1" { file.maxSize = Self.bytes(text) }
        if let text = config.config["max-file"] { file.maxFile = Int(text) ?? 1 }
        if file.maxSize == nil { file.maxFile = 1 }
        if config.type == "cri" { file.place = config.config["path"] }
        self.file = file
    }

    static func check(_ config: LogConfig) throws(EngineError) {
        switch config.type {
        case "none": return
        case "", "json-file": break
        // Pods' logs lie where others look for them, in the lines of the CRI.
        case "cri":
            guard config.config["path"]?.hasPrefix("/") == true else {
                throw .invalid("the cri log driver needs the log opt path: an absolute path")
            }
        default: throw .invalid("logger: no log driver named '\(config.type)' is registered")
        }
        let options = config.type == "cri" ? ["max-size", "max-file", "path"] : known
        for name in config.config.keys.sorted() where !options.contains(name) {
            throw .invalid(
                "unknown log opt '\(name)' for \(config.type.isEmpty ? "json-file" : config.type) log driver")
        }
        if let text = config.config["max-size"], text != "-1", bytes(text) ?? 0 == 0 {
            throw .invalid("invalid value for max-size: \(text)")
        }
        if let text = config.config["max-file"] {
            guard let count = Int(text), count >= 1 else { throw .invalid("max-file cannot be less than 1") }
        }
    }

    /// `10`, `10k`, `10m`, `10g`, with or without a final b, in powers of 1024.
    static func bytes(_ text: String) -> UInt64? {
        var body = Substring(text.lowercased())
        if body.hasSuffix("b") { body = body.dropLast() }
        if body.hasSuffix("i") { body = body.dropLast() }
        var factor: Double = 1
        if let power = ["k", "m", "g", "t"].firstIndex(where: { body.hasSuffix($0) }) {
            body = body.dropLast()
            for _ in 0...power { factor *= 1024 }
        }
        guard let number = Double(body), number >= 0, number * factor < 9e18 else { return nil }
        return UInt64(number * factor)
    }

    /// What each line carries beside its text, when `labels` or `env` ask for it.
    static func attributes(_ config: LogConfig, of container: ContainerConfig) -> [(String, String)] {
        var attributes: [(String, String)] = []
        for name in (config.config["labels"] ?? "").split(separator: ",").map(String.init) {
            if let value = container.labels[name] { attributes.append((name, value)) }
        }
        for name in (config.config["env"] ?? "").split(separator: ",") {
            for variable in container.env ?? [] where variable.hasPrefix(name + "=") {
                attributes.append((String(name), String(variable.dropFirst(name.count + 1))))
            }
        }
        if let tag = config.config["tag"], !tag.isEmpty { attributes.append(("tag", tag)) }
        return attributes
    }
}
