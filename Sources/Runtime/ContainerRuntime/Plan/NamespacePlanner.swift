internal import LinuxKernel
internal import RuntimeSpec

/// Sorts the namespaces of a specification by who has to make or join them, and when.
struct NamespacePlanner {
    var new: Namespaces = []
    var all: Namespaces = []
    var joinedByParent: [SandboxPlan.JoinedNamespace] = []
    var joinedUser: SandboxPlan.JoinedNamespace?
    var joinedByChild: [SandboxPlan.JoinedNamespace] = []
    var userNamespace: SandboxPlan.UserNamespace?
    private let spec: RuntimeSpec
    private let linux: RuntimeSpec.Linux

    init(spec: RuntimeSpec, linux: RuntimeSpec.Linux) throws(PlanError) {
        self.spec = spec
        self.linux = linux
        for (index, namespace) in (linux.namespaces ?? []).enumerated() {
            try add(namespace, at: "linux.namespaces[\(index)]")
        }
        try planUserNamespace()
        try checkNeeds()
    }

    static func kind(of type: RuntimeSpec.NamespaceType) -> Namespaces {
        switch type {
        case .pid: .pid
        case .network: .network
        case .mount: .mount
        case .ipc: .ipc
        case .uts: .uts
        case .user: .user
        case .cgroup: .cgroup
        case .time: .time
        }
    }

    private mutating func add(_ namespace: RuntimeSpec.Namespace, at place: String) throws(PlanError) {
        let kind = Self.kind(of: namespace.type)
        guard !all.contains(kind) else {
            throw .invalid(path: place, why: "a second \(namespace.type.rawValue) namespace")
        }
        all.insert(kind)
        guard let path = namespace.path else {
            new.insert(kind)
            return
        }
        guard path.hasPrefix("/") else { throw .invalid(path: "\(place).path", why: "\(path) is not absolute") }
        let joined = SandboxPlan.JoinedNamespace(kind: kind, path: path)
        switch kind {
        case .user: joinedUser = joined
        case .mount, .cgroup: joinedByChild.append(joined)
        default: joinedByParent.append(joined)
        }
    }

    private mutating func planUserNamespace() throws(PlanError) {
        let users = Self.maps(linux.uidMappings)
        let groups = Self.maps(linux.gidMappings)
        guard new.contains(.user) else {
            guard users.isEmpty && groups.isEmpty || joinedUser != nil else {
                throw .invalid(path: "linux.uidMappings", why: "ids are mapped without a user namespace")
            }
            return
        }
        guard !users.isEmpty else {
            throw .invalid(path: "linux.uidMappings", why: "a new user namespace needs mappings")
        }
        guard !groups.isEmpty else {
            throw .invalid(path: "linux.gidMappings", why: "a new user namespace needs mappings")
        }
        userNamespace = SandboxPlan.UserNamespace(users: users, groups: groups)
    }

    static func maps(_ mappings: [RuntimeSpec.IDMapping]?) -> [IDMap] {
        (mappings ?? []).map { IDMap(inside: $0.containerID, outside: $0.hostID, size: $0.size) }
    }

    private func checkNeeds() throws(PlanError) {
        func need(_ kind: Namespaces, _ name: String, for path: String, when asked: Bool) throws(PlanError) {
            guard !asked || all.contains(kind) else {
                throw .invalid(path: path, why: "needs a \(name) namespace of the container's own")
            }
        }
        try need(.uts, "uts", for: "hostname", when: spec.hostname != nil)
        try need(.uts, "uts", for: "domainname", when: spec.domainname != nil)
        try need(.time, "time", for: "linux.timeOffsets", when: linux.timeOffsets?.isEmpty == false)
        try need(.mount, "mount", for: "mounts", when: spec.mounts?.isEmpty == false)
        try need(.mount, "mount", for: "linux.maskedPaths", when: linux.maskedPaths?.isEmpty == false)
        try need(.mount, "mount", for: "linux.readonlyPaths", when: linux.readonlyPaths?.isEmpty == false)
        try need(.mount, "mount", for: "linux.rootfsPropagation", when: linux.rootfsPropagation != nil)
        try need(.mount, "mount", for: "root.readonly", when: spec.root?.readonly == true)
    }

    /// What is done before any filesystem is touched.
    func firstSteps(oomScore: Int?) throws(PlanError) -> [SandboxStep] {
        var steps: [SandboxStep] = []
        if let oomScore { steps.append(.oomScore(oomScore)) }
        if new.contains(.cgroup) { steps.append(.newCgroupNamespace) }
        steps += joinedByChild.map { .enter($0.kind, path: $0.path) }
        if new.contains(.network) { steps.append(.loopback) }
        if let name = spec.hostname { steps.append(.hostname(name)) }
        if let name = spec.domainname { steps.append(.domainname(name)) }
        for (name, value) in (linux.sysctl ?? [:]).sorted(by: { $0.key < $1.key }) {
            steps.append(.sysctl(path: try sysctlPath(name, value), value: value))
        }
        return steps
    }

    private static let interprocess: Set<String> = [
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced",
    ]

    /// The file below `/proc/sys`, when the parameter belongs to a namespace that the container has for itself.
    ///
    /// Dots separate unless a slash comes first, as in sysctl.d(5).
    private func sysctlPath(_ name: String, _ value: String) throws(PlanError) -> String {
        let path = "linux.sysctl.\(name)"
        let firstSeparator = name.first { $0 == "." || $0 == "/" }
        let slashed =
            firstSeparator == "/"
            ? name
            : String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
        let parts = slashed.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw .invalid(path: path, why: "is not the name of a kernel parameter")
        }
        let dotted = parts.joined(separator: ".")
        let contradicts = spec.domainname != nil && spec.domainname != value
        if dotted == "kernel.hostname" || dotted == "kernel.domainname" && contradicts {
            throw .invalid(path: path, why: "conflicts with the field \(parts[1]) of the configuration")
        }
        let owner: Namespaces? =
            parts[0] == "net"
            ? .network
            : Self.interprocess.contains(dotted) || dotted.hasPrefix("fs.mqueue.")
                ? .ipc : dotted == "kernel.domainname" || dotted == "kernel.hostname" ? .uts : nil
        guard let owner else {
            throw .invalid(path: path, why: "belongs to the whole machine, not to a namespace")
        }
        guard all.contains(owner) else {
            throw .invalid(
                path: path, why: "needs a namespace of the container's own, or it would change the machine's")
        }
        return slashed
    }

    /// The lines for `/proc/self/timens_offsets`.
    func timeOffsets() throws(PlanError) -> String? {
        guard new.contains(.time), let offsets = linux.timeOffsets, !offsets.isEmpty else { return nil }
        var lines = ""
        for (clock, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            guard clock == "monotonic" || clock == "boottime" else {
                throw .invalid(path: "linux.timeOffsets.\(clock)", why: "is neither monotonic nor boottime")
            }
            lines += "\(clock) \(offset.secs ?? 0) \(offset.nanosecs ?? 0)\n"
        }
        return lines
    }
}
