/// The `cpuset` controller: which processors and memory nodes the group may use.
///
/// Source: cgroup-v2.rst, "Cpuset"; cgroup-v1/cpusets.rst.
package struct CPUSet: Controller {
    /// Such as `0-3,8`; empty leaves the parent's.
    package var cpus = ""
    /// Such as `0`; empty leaves the parent's.
    package var memoryNodes = ""

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.cpuset] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        var settings: [Setting] = []
        if !cpus.isEmpty { settings.append(Setting("cpuset.cpus", try checked(cpus, "cpuset.cpus"))) }
        if !memoryNodes.isEmpty { settings.append(Setting("cpuset.mems", try checked(memoryNodes, "cpuset.mems"))) }
        return settings
    }

    /// The kernel's list format: numbers and ranges (with an optional `:used/group`), separated by commas.
    private func checked(_ list: String, _ knob: String) throws(CgroupError) -> String {
        let allowed = list.utf8.allSatisfy {
            (48...57).contains($0)
                || [UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "/")].contains($0)
        }
        guard allowed else { throw .invalid(controller: "cpuset", knob: knob, why: "\(list) is not a list like 0-3,8") }
        return list
    }
}
