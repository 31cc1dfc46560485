internal import Cgroups
internal import ClusterModel
internal import LinuxKernel

/// The control group of a pod, which holds those of its containers.
enum PodGroup {
    /// Below the group of its quality of service, as kubelet has them; `root` holds all.
    static func path(_ pod: PodObject, below root: String) -> String {
        switch pod.qualityOfService {
        case .guaranteed: "\(root)/pods/pod\(pod.uid)"
        case .burstable: "\(root)/pods/burstable/pod\(pod.uid)"
        case .bestEffort: "\(root)/pods/besteffort/pod\(pod.uid)"
        }
    }

    /// Removes it from every hierarchy once its processes are buried; what resisted is said.
    static func remove(_ path: String) -> String? {
        do {
            try Cgroup(at: try CgroupPath(parsing: path), in: try CgroupTree.current()).remove()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Bytes of memory that its processes use, without what the kernel could drop at once; 0 when it cannot be asked.
    static func memory(_ path: String) -> Int64 {
        guard let tree = try? CgroupTree.current(), let place = try? CgroupPath(parsing: path),
            let seen = try? Cgroup(at: place, in: tree).statistics().memory
        else { return 0 }
        let idle = seen.details["total_inactive_file"] ?? seen.details["inactive_file"] ?? 0
        let used = seen.memory?.usage ?? 0
        return Int64(clamping: used > idle ? used - idle : 0)
    }

    /// Gives the pod's group the limits of the pod as a whole; what resisted is said.
    static func limit(_ path: String, to limits: ResourceLimits) -> String? {
        do {
            try Cgroup(at: try CgroupPath(parsing: path), in: try CgroupTree.current()).apply(limits)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// What a pod as a whole may use: shares by what its containers ask for, limits where each of them has one.
    ///
    /// Init containers run before the others, and alone: the larger counts. Sidecars stay. A limit of 0 is none.
    ///
    /// Source: Kubernetes, "Resource Management for Pods and Containers"; "Sidecar Containers", "Resource sharing".
    static func limits(of pod: PodObject) -> ResourceLimits {
        var limits = ResourceLimits()
        let milli = total(pod) { ($0.requests["cpu"].isPresent ? $0.requests["cpu"] : $0.limits["cpu"]).milli } ?? 0
        limits.cpu.shares = UInt64(max(2, milli * 1024 / 1000))
        if let quota = total(pod, { $0.limits["cpu"].milli }), every(pod, { ($0.limits["cpu"].milli ?? 0) > 0 }) {
            limits.cpu.period = 100_000
            limits.cpu.quota = .at(UInt64(max(1000, quota * 100)))
        }
        if let memory = total(pod, { $0.limits["memory"].wholeQuantity }),
            every(pod, { ($0.limits["memory"].wholeQuantity ?? 0) > 0 })
        {
            limits.memory.limit = .at(UInt64(memory))
        }
        return limits
    }

    private static func every(_ pod: PodObject, _ holds: (ContainerObject) -> Bool) -> Bool {
        (pod.containers + pod.initContainers).allSatisfy(holds)
    }

    private static func total(_ pod: PodObject, _ amount: (ContainerObject) -> Int64?) -> Int64? {
        var sidecars: Int64 = 0
        var before: Int64 = 0
        for container in pod.initContainers {
            let own = amount(container) ?? 0
            if container.isSidecar { sidecars += own } else { before = max(before, sidecars + own) }
        }
        let main = pod.containers.reduce(Int64(0)) { $0 + (amount($1) ?? 0) }
        return max(before, main + sidecars)
    }
}

extension Field {
    /// A quantity of processors in thousandths.
    fileprivate var milli: Int64? {
        text.flatMap { Quantity.parse($0) }.flatMap { $0 < 9e15 ? Int64(($0 * 1000).rounded(.up)) : nil }
    }
}
