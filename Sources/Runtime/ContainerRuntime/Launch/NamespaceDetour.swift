internal import Glibc
internal import LinuxKernel

/// Takes the parent into namespaces that its next child shall be born in, and back.
///
/// The parent has the privileges that a child in a user namespace of its own would lack; and a pid or time namespace is
/// given to children only, so that no second fork is needed. For a process with one thread.
struct NamespaceDetour: ~Copyable {
    private var ways: [(kind: Namespaces, back: Int32)] = []

    /// Goes to the namespaces of `joined`, and with `timeOffsets` makes a new time namespace for the child.
    mutating func go(
        to joined: [SandboxPlan.JoinedNamespace], newTime: Bool, timeOffsets: String?
    ) throws(RuntimeError) {
        for one in joined {
            try step("join namespace \(one.path)") { () throws(SyscallError) in
                let there = try Descriptor.open(one.path)
                try remember(one.kind)
                try Namespaces.enter(there.raw, one.kind)
            }
        }
        guard newTime else { return }
        try step("new time namespace") { () throws(SyscallError) in
            try remember(.time)
            try Namespaces.unshare(.time)
            if let timeOffsets { try WholeFile.set("/proc/self/timens_offsets", to: timeOffsets) }
        }
    }

    /// Goes to `kinds` of the namespaces of the process behind `pidfd`.
    mutating func go(through pidfd: Int32, to kinds: Namespaces) throws(RuntimeError) {
        guard !kinds.isEmpty else { return }
        try step("join the container's namespaces") { () throws(SyscallError) in
            for (kind, _) in Namespaces.names where kinds.contains(kind) { try remember(kind) }
            try Namespaces.enter(pidfd, kinds)
        }
    }

    private mutating func remember(_ kind: Namespaces) throws(SyscallError) {
        guard let name = Namespaces.names.first(where: { $0.kind == kind })?.file else { return }
        ways.append((kind, try Descriptor.open("/proc/self/ns/\(name)").release()))
    }

    /// Goes back; a process that cannot is lost in a foreign namespace and must not go on.
    mutating func comeBack() throws(RuntimeError) {
        while let way = ways.popLast() {
            defer { close(way.back) }
            try step("leave a joined namespace") { () throws(SyscallError) in try Namespaces.enter(way.back, way.kind) }
        }
    }

    deinit {
        for way in ways.reversed() {
            try? Namespaces.enter(way.back, way.kind)
            close(way.back)
        }
    }
}
