/// The `blkio` controller of v1, `io` of v2.
///
/// Weights are the BFQ scheduler's (10 to 1000) wherever the group's device runs it; throttles work with every one.
///
/// Source: cgroup-v2.rst, "IO"; cgroup-v1/blkio-controller.rst; block/bfq-iosched.rst.
package struct BlockIO: Controller {
    /// A number for one device: a weight, or bytes or operations per second.
    package struct PerDevice: Hashable, Sendable {
        package var major: UInt32
        package var minor: UInt32
        package var value: UInt64

        package init(major: UInt32, minor: UInt32, value: UInt64) {
            self.major = major
            self.minor = minor
            self.value = value
        }
    }

    /// 10 to 1000.
    package var weight: UInt16?
    /// Against the group's own children; went with the CFQ scheduler in Linux 5.0.
    package var leafWeight: UInt16?
    package var weightPerDevice: [PerDevice] = []
    package var leafWeightPerDevice: [PerDevice] = []
    /// Bytes per second; zero lifts the limit.
    package var readRate: [PerDevice] = []
    package var writeRate: [PerDevice] = []
    /// Operations per second; zero lifts the limit.
    package var readOperations: [PerDevice] = []
    package var writeOperations: [PerDevice] = []

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { hierarchy == .v1 ? [.blkio] : [.io] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        if let weight, weight != 0, !(10...1000).contains(weight) {
            throw .invalid(controller: "blkio", knob: "weight", why: "goes from 10 to 1000, not \(weight)")
        }
        return hierarchy == .v1 ? settingsOnV1() : try settingsOnV2()
    }

    private func settingsOnV1() -> [Setting] {
        var settings: [Setting] = []
        let remedy = "no I/O scheduler of this kernel has weights; load bfq, or use rates"
        if let weight, weight != 0 {
            let plain = Setting("blkio.weight", "\(weight)", remedy: remedy)
            settings.append(Setting("blkio.bfq.weight", "\(weight)", otherwise: [plain], remedy: remedy))
        }
        for device in weightPerDevice {
            let plain = Setting("blkio.weight_device", device.line, remedy: remedy)
            settings.append(Setting("blkio.bfq.weight_device", device.line, otherwise: [plain], remedy: remedy))
        }
        let gone = "leaf weights went with the CFQ scheduler in Linux 5.0; leave them out"
        if let leafWeight, leafWeight != 0 {
            settings.append(Setting("blkio.leaf_weight", "\(leafWeight)", remedy: gone))
        }
        settings += leafWeightPerDevice.map { Setting("blkio.leaf_weight_device", $0.line, remedy: gone) }
        let missing = "this kernel was built without CONFIG_BLK_DEV_THROTTLING; leave the rates out"
        for (file, devices) in [
            ("blkio.throttle.read_bps_device", readRate), ("blkio.throttle.write_bps_device", writeRate),
            ("blkio.throttle.read_iops_device", readOperations), ("blkio.throttle.write_iops_device", writeOperations),
        ] {
            settings += devices.map { Setting(file, $0.line, remedy: missing) }
        }
        return settings
    }

    private func settingsOnV2() throws(CgroupError) -> [Setting] {
        if (leafWeight ?? 0) != 0 || !leafWeightPerDevice.isEmpty {
            throw .unsupported(controller: "io", knob: "leaf weight", remedy: "cgroup v2 has none; leave it out")
        }
        var settings: [Setting] = []
        let remedy = "no I/O scheduler of this kernel has weights; load bfq, or use rates"
        if let weight, weight != 0 {
            // BFQ's scale is v1's; io.weight goes from 1 to 10000.
            let plain = Setting("io.weight", "\(1 + (UInt64(weight) - 10) * 9999 / 990)", remedy: remedy)
            settings.append(Setting("io.bfq.weight", "\(weight)", otherwise: [plain], remedy: remedy))
        }
        settings += weightPerDevice.map { Setting("io.bfq.weight", $0.line, remedy: remedy) }
        let missing = "this kernel was built without CONFIG_BLK_DEV_THROTTLING; leave the rates out"
        for (key, devices) in [
            ("rbps", readRate), ("wbps", writeRate), ("riops", readOperations), ("wiops", writeOperations),
        ] {
            for device in devices {
                let value = device.value == 0 ? "max" : "\(device.value)"
                settings.append(
                    Setting("io.max", "\(device.major):\(device.minor) \(key)=\(value)", remedy: missing))
            }
        }
        return settings
    }
}

extension BlockIO.PerDevice {
    fileprivate var line: String { "\(major):\(minor) \(value)" }
}
