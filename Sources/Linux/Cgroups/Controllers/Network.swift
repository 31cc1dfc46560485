/// The `net_cls` and `net_prio` controllers of v1: tags for packets, not limits.
///
/// Source: cgroup-v1/net_cls.rst, cgroup-v1/net_prio.rst.
package struct Network: Controller {
    package struct Priority: Hashable, Sendable {
        package var interface: String
        package var priority: UInt32

        package init(interface: String, priority: UInt32) {
            self.interface = interface
            self.priority = priority
        }
    }

    /// What packets of the group are tagged with; zero is no tag.
    package var classID: UInt32?
    package var priorities: [Priority] = []

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.networkClass, .networkPriority] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        if hierarchy == .v2, self != Network() {
            throw .unsupported(
                controller: "net_cls, net_prio", knob: "class id or priorities",
                remedy: "cgroup v2 has none; match the group by its path in nftables")
        }
        let remedy = "leave network classes out, or load cls_cgroup and netprio_cgroup"
        var settings: [Setting] = []
        if let classID, classID != 0 { settings.append(Setting("net_cls.classid", "\(classID)", remedy: remedy)) }
        for entry in priorities {
            guard !entry.interface.isEmpty, !entry.interface.utf8.contains(where: { $0 <= 32 }) else {
                throw .invalid(
                    controller: "net_prio", knob: "net_prio.ifpriomap", why: "\(entry.interface) is no interface name")
            }
            settings.append(Setting("net_prio.ifpriomap", "\(entry.interface) \(entry.priority)", remedy: remedy))
        }
        return settings
    }
}
