/// Which devices the group's processes may touch: the `devices` controller on v1, a BPF program on v2.
///
/// Source: cgroup-v1/devices.rst; cgroup-v2.rst, "Device controller".
package struct Devices: Controller {
    /// In order, from nothing allowed; no rules leave the parent's answers alone.
    package var rules: [DeviceRule] = []

    package init() {}

    package init(rules: [DeviceRule]) {
        self.rules = rules
    }

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.devices] }

    /// Nothing on v2, where ``DeviceProgram`` does it.
    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        guard hierarchy == .v1, !rules.isEmpty else { return [] }
        return try DeviceExceptions(rules).writes.map { Setting($0.file, $0.line) }
    }
}
