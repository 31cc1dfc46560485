/// The `rdma` controller: handles and objects of InfiniBand devices, the same on v1 and v2.
///
/// Source: cgroup-v2.rst, "RDMA".
package struct RDMA: Controller {
    package struct PerDevice: Hashable, Sendable {
        package var device: String
        package var handles: UInt32?
        package var objects: UInt32?

        package init(device: String, handles: UInt32? = nil, objects: UInt32? = nil) {
            self.device = device
            self.handles = handles
            self.objects = objects
        }
    }

    package var limits: [PerDevice] = []

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.rdma] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        var settings: [Setting] = []
        for entry in limits {
            guard !entry.device.isEmpty, !entry.device.utf8.contains(where: { $0 <= 32 }) else {
                throw .invalid(controller: "rdma", knob: "rdma.max", why: "\(entry.device) is no device name")
            }
            var words = [entry.device]
            if let handles = entry.handles { words.append("hca_handle=\(handles)") }
            if let objects = entry.objects { words.append("hca_object=\(objects)") }
            guard words.count > 1 else { continue }
            settings.append(
                Setting(
                    "rdma.max", words.joined(separator: " "),
                    remedy: "leave rdma limits out, or use a kernel with CONFIG_CGROUP_RDMA"))
        }
        return settings
    }
}
