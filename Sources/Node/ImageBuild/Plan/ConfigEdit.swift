internal import ImageSpec

/// What instructions do to an image's configuration; pure, on values whose variables are replaced.
enum ConfigEdit {
    static func setVariable(_ name: String, _ value: String, in env: inout [String]?) {
        var all = env ?? []
        if let place = all.firstIndex(where: { $0.hasPrefix(name + "=") }) {
            all[place] = "\(name)=\(value)"
        } else {
            all.append("\(name)=\(value)")
        }
        env = all
    }

    static func expose(_ words: [String], in config: inout ImageConfig.Execution) throws(DockerfileError) {
        var ports = config.exposedPorts ?? []
        for word in words {
            let halves = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let transport = halves.count == 2 ? halves[1].lowercased() : "tcp"
            let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
            guard ["tcp", "udp", "sctp"].contains(transport), (1...2).contains(ends.count),
                let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last
            else {
                throw DockerfileError(line: 0, "invalid containerPort: \(word)")
            }
            for port in first...last { ports.insert("\(port)/\(transport)") }
        }
        config.exposedPorts = ports
    }

    static func addVolumes(_ paths: [String], in config: inout ImageConfig.Execution) {
        var volumes = config.volumes ?? []
        for path in paths { volumes.insert(path) }
        config.volumes = volumes
    }

    /// `path` as seen from the working directory.
    static func resolve(_ path: String, from directory: String?) -> String {
        let full = path.hasPrefix("/") ? path : "\(directory ?? "/")/\(path)"
        var parts: [Substring] = []
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    static func healthcheck(_ check: HealthcheckInstruction) -> ImageConfig.Healthcheck {
        var made = ImageConfig.Healthcheck()
        switch check.command {
        case nil: made.test = ["NONE"]
        case .exec(let words): made.test = ["CMD"] + words
        case .shell(let text): made.test = ["CMD-SHELL", text]
        }
        made.interval = check.interval
        made.timeout = check.timeout
        made.startPeriod = check.startPeriod
        made.startInterval = check.startInterval
        made.retries = check.retries
        return made
    }
}
