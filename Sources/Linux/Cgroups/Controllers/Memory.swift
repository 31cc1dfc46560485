/// The `memory` controller.
///
/// Source: cgroup-v2.rst, "Memory"; cgroup-v1/memory.rst, sections 3 to 5.
package struct Memory: Controller {
    /// Hard limit in bytes.
    package var limit: Limit?
    /// Limit of memory and swap together, in bytes: v1's meaning, which runtime-spec kept; v2 counts swap alone.
    package var swap: Limit?
    /// What the group should keep under pressure, in bytes: v1's soft limit, v2's `memory.low`.
    package var reservation: Limit?
    /// Bytes from which v2 slows the group down and reclaims; v1 has no such thing.
    package var high: Limit?
    /// Memory of the kernel alone, in bytes; no kernel since 5.16 enforces it.
    package var kernel: Limit?
    /// TCP buffers, in bytes; v1 only.
    package var kernelTCP: Limit?
    /// 0 to 100; v1 only.
    package var swappiness: UInt64?
    /// Lets processes wait for memory instead of being killed; v1 only.
    package var disablesOOMKiller: Bool?
    /// When one process of the group is killed for memory, kill all; v2 only.
    package var killsAsGroup: Bool?
    /// Account children to their parents: the only behaviour since Linux 5.11.
    package var usesHierarchy: Bool?
    /// Refuse a `limit` below what the group uses now rather than have processes killed.
    package var checksBeforeUpdate = false

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.memory] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        switch hierarchy {
        case .v1: try settingsOnV1()
        case .v2: try settingsOnV2()
        }
    }

    package func ignored(on hierarchy: Hierarchy) -> [String] {
        var notes: [String] = []
        if let kernel, !kernel.isUnset {
            notes.append("memory: kernel memory has no limit of its own since Linux 5.16; the memory limit includes it")
        }
        if usesHierarchy == false {
            notes.append("memory: children are always accounted to their parents since Linux 5.11")
        }
        return notes
    }

    private var wantedLimit: Limit? { limit.flatMap { $0.isUnset ? nil : $0 } }

    /// The sum of memory and swap; asking for unlimited memory means unlimited swap unless that was asked for too.
    private var wantedSwap: Limit? {
        if let swap, !swap.isUnset { return swap }
        return wantedLimit == .unlimited ? .unlimited : nil
    }

    private func settingsOnV1() throws(CgroupError) -> [Setting] {
        if let high, !high.isUnset { throw unsupported("memory.high", "use a reservation, or cgroup v2") }
        if killsAsGroup == true { throw unsupported("memory.oom.group", "cgroup v1 kills one process; use cgroup v2") }
        if case .at(let limit)? = wantedLimit, case .at(let swap)? = wantedSwap, swap < limit {
            throw invalid("memory.memsw.limit_in_bytes", "memory and swap together cannot be less than memory")
        }
        var settings: [Setting] = []
        if let wantedLimit { settings.append(Setting("memory.limit_in_bytes", wantedLimit.written(on: .v1))) }
        if let wantedSwap {
            settings.append(
                Setting(
                    "memory.memsw.limit_in_bytes", wantedSwap.written(on: .v1),
                    isOptional: wantedSwap == .unlimited,
                    remedy: "boot with swapaccount=1, or leave the swap limit out"))
        }
        if let reservation, !reservation.isUnset {
            settings.append(Setting("memory.soft_limit_in_bytes", reservation.written(on: .v1)))
        }
        if let kernelTCP, !kernelTCP.isUnset {
            settings.append(
                Setting(
                    "memory.kmem.tcp.limit_in_bytes", kernelTCP.written(on: .v1),
                    remedy: "this kernel was built without it"))
        }
        if let disablesOOMKiller { settings.append(Setting("memory.oom_control", disablesOOMKiller ? "1" : "0")) }
        if let swappiness {
            guard swappiness <= 100 else { throw invalid("memory.swappiness", "goes from 0 to 100, not \(swappiness)") }
            settings.append(Setting("memory.swappiness", "\(swappiness)"))
        }
        return settings
    }

    private func settingsOnV2() throws(CgroupError) -> [Setting] {
        if swappiness != nil { throw unsupported("swappiness", "limit swap instead") }
        if disablesOOMKiller == true {
            throw unsupported("disabling the OOM killer", "set memory.high through `unified`")
        }
        if let kernelTCP, !kernelTCP.isUnset {
            throw unsupported("a limit of TCP buffers", "the memory limit includes them")
        }
        var settings: [Setting] = []
        // Swap first: when both shrink, the pages that leave memory must find the new swap limit in force.
        if let swapAlone = try swapAlone() {
            settings.append(
                Setting(
                    "memory.swap.max", swapAlone.written(on: .v2), isOptional: swapAlone == .unlimited,
                    remedy: "boot with swapaccount=1, or leave the swap limit out"))
        }
        if let wantedLimit { settings.append(Setting("memory.max", wantedLimit.written(on: .v2))) }
        if let high, !high.isUnset { settings.append(Setting("memory.high", high.written(on: .v2))) }
        if let reservation, !reservation.isUnset {
            settings.append(Setting("memory.low", reservation.written(on: .v2)))
        }
        if let killsAsGroup { settings.append(Setting("memory.oom.group", killsAsGroup ? "1" : "0")) }
        return settings
    }

    /// What v2 limits: swap without memory.
    private func swapAlone() throws(CgroupError) -> Limit? {
        guard let wantedSwap else { return nil }
        guard case .at(let sum) = wantedSwap else { return .unlimited }
        guard case .at(let memory)? = wantedLimit else {
            throw invalid("memory.swap.max", "a limit of memory and swap together needs a limit of memory")
        }
        guard sum >= memory else {
            throw invalid("memory.swap.max", "memory and swap together cannot be less than memory")
        }
        return .at(sum - memory)
    }

    private func unsupported(_ knob: String, _ remedy: String) -> CgroupError {
        .unsupported(controller: "memory", knob: knob, remedy: remedy)
    }

    private func invalid(_ knob: String, _ why: String) -> CgroupError {
        .invalid(controller: "memory", knob: knob, why: why)
    }
}
