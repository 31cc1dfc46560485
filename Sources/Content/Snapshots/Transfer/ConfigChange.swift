package import ImageSpec
internal import JSON

/// One Dockerfile instruction that changes how an image is run, as `--change` of commit and import takes it.
///
/// Source: docker commit, "--change"; Dockerfile reference.
package struct ConfigChange: Equatable, Sendable {
    let instruction: String
    let rest: String

    /// - Throws: `malformed` when the instruction is none of those that change a configuration.
    package init(parsing text: String) throws(ImageError) {
        let text = text.trimmed
        let name = text.prefix { !$0.isWhitespace }
        instruction = name.uppercased()
        rest = String(text.dropFirst(name.count)).trimmed
        guard Self.allowed.contains(instruction) else {
            throw .malformed("\(instruction) is not a valid change command")
        }
        guard !rest.isEmpty || instruction == "CMD" || instruction == "ENTRYPOINT" else {
            throw .malformed("\(instruction) requires at least one argument")
        }
    }

    private static let allowed: Set = [
        "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME",
        "WORKDIR",
    ]

    /// Applies the change to `config`.
    package func apply(to config: inout ImageConfig.Execution) throws(ImageError) {
        switch instruction {
        case "CMD": config.cmd = command(config)
        case "ENTRYPOINT":
            config.entrypoint = command(config)
            config.cmd = nil  // what were arguments of the old entrypoint
        case "ENV": for (name, value) in try pairs() { Self.set(name, value, in: &config.env) }
        case "EXPOSE":
            for port in rest.split(whereSeparator: \.isWhitespace) {
                var ports = config.exposedPorts ?? []
                ports.insert(port.contains("/") ? String(port) : "\(port)/tcp")
                config.exposedPorts = ports
            }
        case "LABEL":
            var labels = config.labels ?? [:]
            for (name, value) in try pairs() { labels[name] = value }
            config.labels = labels
        case "ONBUILD": config.onBuild = (config.onBuild ?? []) + [rest]
        case "STOPSIGNAL": config.stopSignal = rest
        case "USER": config.user = rest
        case "VOLUME":
            var volumes = config.volumes ?? []
            for path in list() ?? rest.split(whereSeparator: \.isWhitespace).map(String.init) { volumes.insert(path) }
            config.volumes = volumes
        case "WORKDIR": config.workingDir = Self.resolve(rest, from: config.workingDir ?? "/")
        default: config.healthcheck = try healthcheck(config)
        }
    }

    private static func set(_ name: String, _ value: String, in env: inout [String]?) {
        var all = env ?? []
        if let place = all.firstIndex(where: { $0.hasPrefix("\(name)=") }) {
            all[place] = "\(name)=\(value)"
        } else {
            all.append("\(name)=\(value)")
        }
        env = all
    }

    private static func resolve(_ path: String, from directory: String) -> String {
        let full = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        var parts: [Substring] = []
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    // MARK: forms

    /// The exec form as it stands, the shell form behind the shell.
    private func command(_ config: ImageConfig.Execution) -> [String]? {
        if rest.isEmpty { return nil }
        return list() ?? (config.shell ?? ["/bin/sh", "-c"]) + [rest]
    }

    /// A JSON array of strings, if it is one.
    private func list() -> [String]? {
        guard rest.hasPrefix("["), let value = try? JSONValue(parsing: rest), let items = value.arrayValue else {
            return nil
        }
        let strings = items.compactMap(\.stringValue)
        return strings.count == items.count ? strings : nil
    }

    /// `name=value …` with quotes and backslashes, or one `name value`.
    private func pairs() throws(ImageError) -> [(String, String)] {
        let words = Self.words(rest)
        guard let first = words.first, first.contains("=") else {
            let name = rest.prefix { !$0.isWhitespace }
            let value = String(rest.dropFirst(name.count)).trimmed
            guard !value.isEmpty else { throw .malformed("\(instruction) must have two arguments") }
            return [(String(name), value)]
        }
        var found: [(String, String)] = []
        for word in words {
            guard let equals = word.firstIndex(of: "="), equals > word.startIndex else {
                throw .malformed("\(instruction): can't find = in \"\(word)\"")
            }
            found.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
        }
        return found
    }

    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var inWord = false
        var escaped = false
        for character in text {
            if escaped {
                word.append(character)
                escaped = false
            } else if character == "\\", quote != "'" {
                escaped = true
                inWord = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                inWord = true
            } else if quote == nil, character.isWhitespace {
                if inWord { words.append(word) }
                (word, inWord) = ("", false)
            } else {
                word.append(character)
                inWord = true
            }
        }
        if inWord { words.append(word) }
        return words
    }

    private func healthcheck(_ config: ImageConfig.Execution) throws(ImageError) -> ImageConfig.Healthcheck {
        var words = rest.split(separator: " ", omittingEmptySubsequences: true)[...]
        if words.first?.uppercased() == "NONE" { return ImageConfig.Healthcheck(test: ["NONE"]) }
        var check = ImageConfig.Healthcheck()
        while let word = words.first, word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
            let value = String(word[word.index(after: equals)...])
            switch word[..<equals] {
            case "--interval": check.interval = try Self.nanoseconds(value)
            case "--timeout": check.timeout = try Self.nanoseconds(value)
            case "--start-period": check.startPeriod = try Self.nanoseconds(value)
            case "--start-interval": check.startInterval = try Self.nanoseconds(value)
            case "--retries": check.retries = Int(value)
            default: throw .malformed("HEALTHCHECK: unknown flag \(word)")
            }
            words = words.dropFirst()
        }
        guard words.first?.uppercased() == "CMD" else { throw .malformed("HEALTHCHECK: expected NONE or CMD") }
        let command = try ConfigChange(parsing: "CMD " + words.dropFirst().joined(separator: " "))
        if let list = command.list() {
            check.test = ["CMD"] + list
        } else {
            check.test = ["CMD-SHELL", command.rest]
        }
        return check
    }

    /// A duration such as `1m30s`.
    private static func nanoseconds(_ text: String) throws(ImageError) -> Int64 {
        let units: [(String, Double)] = [
            ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
        ]
        var total = 0.0
        var rest = Substring(text)
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let value = Double(number), let unit = units.first(where: { $0.0 == name }) else {
                throw .malformed("\"\(text)\" is not a duration")
            }
            total += value * unit.1
        }
        return Int64(total)
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
