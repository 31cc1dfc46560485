/// A mount that a container is to have: what its record keeps, beyond what inspect shows.
struct PlannedMount: Codable, Equatable, Sendable {
    enum Kind: String, Codable, Sendable {
        case bind, volume, tmpfs
    }

    var kind: Kind
    /// A path of the host for a bind, a volume's name for a volume; empty asks for an anonymous volume.
    var source = ""
    var destination: String
    var readOnly = false
    /// As the client wrote it: `ro`, `rw,z`.
    var mode = ""
    var propagation = ""
    var recursive = true
    /// Read-only also for what is mounted below.
    var forceRecursiveReadOnly = false
    /// Make the host's folder when it is missing, as `-v` does and `--mount` does not.
    var createSource = false
    /// Do not fill an empty volume with what the image has there.
    var noCopy = false
    var subpath = ""
    /// The folder of the volume that `subpath` names is made when it is missing (the original's modes `dr` and `rr`).
    var makesSubpath: Bool?
    /// Read-only does not hold for what is mounted below.
    var writableBelow: Bool?
    var driver = ""
    var driverOptions: [String: String] = [:]
    var labels: [String: String] = [:]
    /// Made for this container; goes with it on request.
    var anonymous = false
    /// Mount options of a tmpfs.
    var options: [String] = []

    init(kind: Kind, destination: String) {
        self.kind = kind
        self.destination = destination
    }
}

/// Which mounts a container gets, from all the places that can name one.
enum MountPlan {
    /// - Throws: ``EngineError/invalid(_:)`` in Docker's words for what cannot be mounted.
    static func make(
        host: HostConfig, config: ContainerConfig, inherited: [PlannedMount]
    ) throws(EngineError) -> [PlannedMount] {
        var byDestination: [String: PlannedMount] = [:]
        for mount in inherited { byDestination[mount.destination] = mount }
        var named: Set<String> = []
        for bind in host.binds ?? [] {
            var mount = try BindText.parse(bind)
            if mount.driver.isEmpty, mount.kind == .volume { mount.driver = host.volumeDriver }
            guard named.insert(mount.destination).inserted else {
                throw .invalid("Duplicate mount point: \(mount.destination)")
            }
            byDestination[mount.destination] = mount
        }
        for request in host.mounts ?? [] {
            let mount = try planned(request)
            guard named.insert(mount.destination).inserted else {
                throw .invalid("Duplicate mount point: \(mount.destination)")
            }
            byDestination[mount.destination] = mount
        }
        for (destination, options) in (host.tmpfs ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard destination.hasPrefix("/") else {
                throw .invalid("invalid mount path: '\(destination)' mount path must be absolute")
            }
            var mount = PlannedMount(kind: .tmpfs, destination: PathText.cleaned(destination))
            guard named.insert(mount.destination).inserted else {
                throw .invalid("Duplicate mount point: \(mount.destination)")
            }
            mount.options = options.split(separator: ",").map(String.init)
            mount.mode = options
            mount.readOnly = mount.options.contains("ro")
            byDestination[mount.destination] = mount
        }
        for destination in (config.volumes ?? [:]).keys.sorted() {
            // Docker takes a bind in this place too: `VOLUME` with a colon is an old mistake that some clients make.
            guard destination.hasPrefix("/") else {
                throw .invalid("invalid volume specification: '\(destination)'")
            }
            let clean = PathText.cleaned(destination)
            guard clean != "/" else {
                throw .invalid("invalid volume specification: '\(destination)': destination can't be '/'")
            }
            if byDestination[clean] != nil { continue }
            var mount = PlannedMount(kind: .volume, destination: clean)
            mount.anonymous = true
            byDestination[clean] = mount
        }
        // Parents before children, so that a child is mounted inside its parent.
        return byDestination.values.sorted { left, right in
            let depths = (left.destination.split(separator: "/").count, right.destination.split(separator: "/").count)
            return depths.0 == depths.1 ? left.destination < right.destination : depths.0 < depths.1
        }
    }

    private static func planned(_ request: MountRequest) throws(EngineError) -> PlannedMount {
        func refusal(_ why: String) -> EngineError {
            .invalid("invalid mount config for type \"\(request.type)\": \(why)")
        }
        guard !request.target.isEmpty else { throw refusal("field Target must not be empty") }
        guard request.target.hasPrefix("/") else {
            throw refusal("invalid mount path: '\(request.target)' mount path must be absolute")
        }
        guard let kind = PlannedMount.Kind(rawValue: request.type) else {
            throw .invalid("mount type unknown: \"\(request.type)\"")
        }
        let clean = PathText.cleaned(request.target)
        guard clean != "/" else { throw refusal("invalid specification: destination can't be '/'") }
        let source = request.source ?? ""
        var mount = PlannedMount(kind: kind, destination: clean)
        mount.readOnly = request.readOnly ?? false
        if kind != .bind, request.bindOptions != nil { throw refusal("field BindOptions must not be specified") }
        if kind != .volume, request.volumeOptions != nil { throw refusal("field VolumeOptions must not be specified") }
        if kind != .tmpfs, request.tmpfsOptions != nil { throw refusal("field TmpfsOptions must not be specified") }
        switch kind {
        case .bind:
            guard !source.isEmpty else { throw refusal("field Source must not be empty") }
            guard source.hasPrefix("/") else {
                throw refusal("invalid mount path: '\(source)' mount path must be absolute")
            }
            mount.source = PathText.cleaned(source)
            let options = request.bindOptions ?? BindOptions()
            mount.propagation = options.propagation ?? ""
            guard BindText.propagations.contains(mount.propagation) || mount.propagation.isEmpty else {
                throw refusal("invalid propagation mode: \(mount.propagation)")
            }
            mount.recursive = options.nonRecursive != true
            mount.forceRecursiveReadOnly = options.readOnlyForceRecursive == true
            if options.readOnlyNonRecursive == true { mount.writableBelow = true }
            mount.createSource = options.createMountpoint == true
            mount.subpath = options.subpath ?? ""
            guard !PathText.climbs(mount.subpath) else {
                throw refusal("subpath must be a relative path within the source")
            }
        case .volume:
            let options = request.volumeOptions ?? VolumeOptions()
            if source.isEmpty { mount.anonymous = true } else { mount.source = try volumeName(source) }
            mount.noCopy = options.noCopy == true
            mount.labels = options.labels ?? [:]
            mount.subpath = options.subpath ?? ""
            guard !PathText.climbs(mount.subpath) else {
                throw refusal("subpath must be a relative path within the volume")
            }
            if options.createSubpath == true { mount.makesSubpath = true }
            mount.driver = options.driverConfig?.name ?? ""
            mount.driverOptions = options.driverConfig?.options ?? [:]
        case .tmpfs:
            guard source.isEmpty else { throw refusal("field Source must not be specified") }
            let options = request.tmpfsOptions ?? TmpfsOptions()
            if let size = options.sizeBytes, size > 0 { mount.options.append("size=\(size)") }
            if let mode = options.mode { mount.options.append("mode=" + String(mode, radix: 8)) }
            for option in options.options ?? [] { mount.options.append(option.joined(separator: "=")) }
            if mount.readOnly { mount.options.append("ro") }
        }
        return mount
    }

    static func volumeName(_ name: String) throws(EngineError) -> String {
        guard ContainerName.isValid(name) else {
            throw .invalid(
                "create \(name): \"\(name)\" includes invalid characters for a local volume name, only "
                    + "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            )
        }
        return name
    }
}

/// `-v` as text: `[source:]destination[:mode]`.
enum BindText {
    static let propagations: Set<String> = ["private", "rprivate", "shared", "rshared", "slave", "rslave"]

    static func parse(_ text: String) throws(EngineError) -> PlannedMount {
        let refusal = EngineError.invalid("invalid volume specification: '\(text)'")
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { throw refusal }
        let destination = parts.count == 1 ? parts[0] : parts[1]
        guard destination.hasPrefix("/") else {
            throw .invalid(
                "invalid volume specification: '\(text)': invalid mount path: '\(destination)' mount path must be absolute"
            )
        }
        let clean = PathText.cleaned(destination)
        guard clean != "/" else {
            throw .invalid("invalid volume specification: '\(text)': invalid specification: destination can't be '/'")
        }
        var mount = PlannedMount(kind: .volume, destination: clean)
        if parts.count == 1 {
            mount.anonymous = true
            return mount
        }
        if parts[0].hasPrefix("/") {
            mount.kind = .bind
            mount.source = PathText.cleaned(parts[0])
            mount.createSource = true
        } else {
            mount.source = try MountPlan.volumeName(parts[0])
        }
        if parts.count == 3 { try apply(parts[2], to: &mount) }
        return mount
    }

    private static func apply(_ mode: String, to mount: inout PlannedMount) throws(EngineError) {
        let refusal = EngineError.invalid("invalid mode: \(mode)")
        mount.mode = mode
        var accesses = 0
        for word in mode.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            switch word {
            case "ro", "rw":
                accesses += 1
                mount.readOnly = word == "ro"
            case "z", "Z": break  // a label is set where the kernel has SELinux; elsewhere there is nothing to relabel
            case "nocopy":
                guard mount.kind == .volume else { throw refusal }
                mount.noCopy = true
            case "consistent", "cached", "delegated": break
            case "dr", "rr":
                guard mount.kind == .volume, mount.makesSubpath == nil else { throw refusal }
                mount.makesSubpath = true
                mount.subpath = word == "dr" ? String(mount.destination.dropFirst()) : RandomID.make()
            case let word where propagations.contains(word):
                guard mount.kind == .bind, mount.propagation.isEmpty else { throw refusal }
                mount.propagation = word
            default: throw refusal
            }
        }
        guard accesses <= 1 else { throw refusal }
    }
}

/// Paths as text; nothing here touches a disk.
enum PathText {
    /// Without `.`, `..`, doubled and trailing slashes; `..` stops at the root.
    static func cleaned(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }

    /// Whether `path` is absolute or leaves where it starts.
    static func climbs(_ path: String) -> Bool {
        guard !path.hasPrefix("/") else { return true }
        var depth = 0
        for part in path.split(separator: "/") {
            depth += part == ".." ? -1 : part == "." ? 0 : 1
            if depth < 0 { return true }
        }
        return false
    }

    static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? "/"
    }

    static func folder(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
