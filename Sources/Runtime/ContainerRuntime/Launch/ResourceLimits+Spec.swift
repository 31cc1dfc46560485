internal import Cgroups
internal import RuntimeSpec

extension ResourceLimits {
    /// The same wishes in the words of the control groups.
    ///
    /// `forDevices` adds the rules that every container has: nothing, then what the specification says, then the
    /// default devices. An update leaves them alone.
    init(_ resources: RuntimeSpec.Resources?, forDevices: Bool) throws(PlanError) {
        self.init()
        if forDevices { devices.rules = try Self.deviceRules(resources?.devices ?? []) }
        guard let resources else { return }
        if let asked = resources.memory { readMemory(asked) }
        if let asked = resources.cpu { readCPU(asked) }
        if let limit = resources.pids?.limit {
            pids.limit = limit > 0 ? .at(UInt64(limit)) : limit < 0 ? .unlimited : nil
        }
        if let asked = resources.blockIO { try readBlockIO(asked) }
        hugePages.limits = (resources.hugepageLimits ?? []).map {
            HugePages.PerSize(pageSize: $0.pageSize, limit: .at($0.limit))
        }
        network.classID = resources.network?.classID
        network.priorities = (resources.network?.priorities ?? []).map {
            Network.Priority(interface: $0.name, priority: $0.priority)
        }
        rdma.limits = (resources.rdma ?? [:]).sorted { $0.key < $1.key }.map {
            RDMA.PerDevice(device: $0.key, handles: $0.value.hcaHandles, objects: $0.value.hcaObjects)
        }
        unified.entries = (resources.unified ?? [:]).sorted { $0.key < $1.key }.map {
            Unified.Entry(file: $0.key, value: $0.value)
        }
    }

    private mutating func readMemory(_ asked: RuntimeSpec.Resources.Memory) {
        memory.limit = asked.limit.map { Limit($0) }
        memory.swap = asked.swap.map { Limit($0) }
        memory.reservation = asked.reservation.map { Limit($0) }
        memory.kernel = asked.kernel.map { Limit($0) }
        memory.kernelTCP = asked.kernelTCP.map { Limit($0) }
        memory.swappiness = asked.swappiness
        memory.disablesOOMKiller = asked.disableOOMKiller
        memory.usesHierarchy = asked.useHierarchy
        memory.checksBeforeUpdate = asked.checkBeforeUpdate ?? false
    }

    private mutating func readCPU(_ asked: RuntimeSpec.Resources.CPU) {
        cpu.shares = asked.shares
        cpu.quota = asked.quota.map { Limit($0) }
        cpu.period = asked.period
        cpu.burst = asked.burst
        cpu.isIdle = asked.idle.map { $0 != 0 }
        cpu.realtimeRuntime = asked.realtimeRuntime
        cpu.realtimePeriod = asked.realtimePeriod
        cpuset.cpus = asked.cpus ?? ""
        cpuset.memoryNodes = asked.mems ?? ""
    }

    private mutating func readBlockIO(_ asked: RuntimeSpec.Resources.BlockIO) throws(PlanError) {
        func numbers(_ major: Int64, _ minor: Int64) throws(PlanError) -> (UInt32, UInt32) {
            guard let major = UInt32(exactly: major), let minor = UInt32(exactly: minor) else {
                throw .invalid(path: "linux.resources.blockIO", why: "\(major):\(minor) is no device")
            }
            return (major, minor)
        }
        func rates(_ devices: [RuntimeSpec.Resources.ThrottleDevice]?) throws(PlanError) -> [BlockIO.PerDevice] {
            var planned: [BlockIO.PerDevice] = []
            for device in devices ?? [] {
                let (major, minor) = try numbers(device.major, device.minor)
                planned.append(BlockIO.PerDevice(major: major, minor: minor, value: device.rate))
            }
            return planned
        }
        blockIO.weight = asked.weight
        blockIO.leafWeight = asked.leafWeight
        for device in asked.weightDevice ?? [] {
            let (major, minor) = try numbers(device.major, device.minor)
            if let weight = device.weight {
                blockIO.weightPerDevice.append(.init(major: major, minor: minor, value: UInt64(weight)))
            }
            if let weight = device.leafWeight {
                blockIO.leafWeightPerDevice.append(.init(major: major, minor: minor, value: UInt64(weight)))
            }
        }
        blockIO.readRate = try rates(asked.throttleReadBpsDevice)
        blockIO.writeRate = try rates(asked.throttleWriteBpsDevice)
        blockIO.readOperations = try rates(asked.throttleReadIOPSDevice)
        blockIO.writeOperations = try rates(asked.throttleWriteIOPSDevice)
    }

    /// Every container may make nodes of any device, and use the harmless ones and terminals.
    private static let defaultRules: [DeviceRule] = [
        DeviceRule(allows: true, kind: .character, access: .makeNode),
        DeviceRule(allows: true, kind: .block, access: .makeNode),
        DeviceRule(allows: true, kind: .character, major: 1, minor: 3),
        DeviceRule(allows: true, kind: .character, major: 1, minor: 5),
        DeviceRule(allows: true, kind: .character, major: 1, minor: 7),
        DeviceRule(allows: true, kind: .character, major: 1, minor: 8),
        DeviceRule(allows: true, kind: .character, major: 1, minor: 9),
        DeviceRule(allows: true, kind: .character, major: 5, minor: 0),
        DeviceRule(allows: true, kind: .character, major: 5, minor: 1),
        DeviceRule(allows: true, kind: .character, major: 5, minor: 2),
        DeviceRule(allows: true, kind: .character, major: 136),
    ]

    /// Negative numbers stand for any, as runc and containerd write them.
    private static func deviceNumber(_ number: Int64?, _ path: String) throws(PlanError) -> UInt32? {
        guard let number, number >= 0 else { return nil }
        guard let small = UInt32(exactly: number) else { throw .invalid(path: path, why: "\(number) is no device") }
        return small
    }

    private static func deviceRules(_ asked: [RuntimeSpec.Resources.DeviceCgroup]) throws(PlanError) -> [DeviceRule] {
        var rules: [DeviceRule] = []
        for (index, rule) in asked.enumerated() {
            let path = "linux.resources.devices[\(index)]"
            let kind: DeviceRule.Kind
            switch rule.type ?? "a" {
            case "a", "": kind = .all
            case "b": kind = .block
            case "c", "u": kind = .character
            default: throw .invalid(path: "\(path).type", why: "\(rule.type ?? "") is none of a, b and c")
            }
            var access: DeviceRule.Access = []
            for letter in rule.access ?? "rwm" {
                switch letter {
                case "r": access.insert(.read)
                case "w": access.insert(.write)
                case "m": access.insert(.makeNode)
                case "a": access = .all
                default: throw .invalid(path: "\(path).access", why: "\(letter) is none of r, w and m")
                }
            }
            rules.append(
                DeviceRule(
                    allows: rule.allow, kind: kind, major: try deviceNumber(rule.major, "\(path).major"),
                    minor: try deviceNumber(rule.minor, "\(path).minor"), access: access.isEmpty ? .all : access))
        }
        let allowsEverything = rules.last.map {
            $0.allows && $0.kind == .all && $0.major == nil && $0.minor == nil && $0.access == .all
        }
        return allowsEverything == true ? rules : rules + defaultRules
    }
}
