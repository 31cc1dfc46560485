@testable internal import Cgroups
internal import Glibc
internal import LinuxKernel
internal import TestSupport
internal import Testing

/// The rules of v1's kernel about values that constrain one another.
private struct ModelKernel {
    var files: [String: Int64] = [
        "memory.limit_in_bytes": .max, "memory.memsw.limit_in_bytes": .max, "cpu.cfs_period_us": 100_000,
        "cpu.cfs_quota_us": -1, "cpu.cfs_burst_us": 0,
    ]
    /// The parent's quota for each microsecond.
    var parentRatio = 2.0

    mutating func write(_ setting: Setting) throws(CgroupError) {
        var next = files
        let value = Int64(setting.value) ?? 0
        next[setting.file] = setting.file.hasPrefix("memory") && value < 0 ? .max : value
        let memory = (next["memory.limit_in_bytes"] ?? 0, next["memory.memsw.limit_in_bytes"] ?? 0)
        let quota = next["cpu.cfs_quota_us"] ?? 0
        let burst = next["cpu.cfs_burst_us"] ?? 0
        let isWithinParent = quota < 0 || Double(quota) / Double(next["cpu.cfs_period_us"] ?? 1) <= parentRatio
        guard memory.0 <= memory.1, isWithinParent, quota < 0 || burst <= quota else {
            throw .kernel(doing: "model", SyscallError("write", errno: EINVAL))
        }
        files = next
    }
}

@Suite("the order of writing")
struct OrderTests {
    @Test("gets a group from any valid state to any other", arguments: UInt64(0)..<300)
    func random(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var kernel = ModelKernel()
        for _ in 0..<30 {
            var limits = ResourceLimits()
            let memory = Int64.random(in: 1...100, using: &generator) * 4096
            let isUnlimited = Int.random(in: 0..<6, using: &generator) == 0
            limits.memory.limit = isUnlimited ? .unlimited : .at(UInt64(memory))
            limits.memory.swap =
                isUnlimited ? nil : .at(UInt64(memory + Int64.random(in: 0...50, using: &generator) * 4096))
            let period = Int64.random(in: 1...10, using: &generator) * 10_000
            let quota = period * Int64.random(in: 1...20, using: &generator) / 10
            limits.cpu.period = UInt64(period)
            limits.cpu.quota = Bool.random(using: &generator) ? .at(UInt64(quota)) : .unlimited
            limits.cpu.burst = UInt64.random(in: 0...UInt64(quota), using: &generator)
            for settings in [try limits.memory.settings(on: .v1), try limits.cpu.settings(on: .v1)] {
                try SettingsOrder.write(settings) { setting throws(CgroupError) in try kernel.write(setting) }
                for setting in settings {
                    let expected =
                        setting.value == "-1" && setting.file.hasPrefix("memory") ? .max : Int64(setting.value)
                    #expect(kernel.files[setting.file] == expected, "seed \(seed)")
                }
            }
        }
    }

    @Test func `gives up on a value that no order makes right`() {
        var kernel = ModelKernel()
        #expect(throws: CgroupError.self) {
            try SettingsOrder.write([
                Setting("cpu.cfs_quota_us", "1000"), Setting("cpu.cfs_burst_us", "2000"),
            ]) { setting throws(CgroupError) in try kernel.write(setting) }
        }
    }

    @Test func `never changes for lists of devices, nor after another error`() {
        for (file, errno) in [("devices.allow", EINVAL), ("memory.limit_in_bytes", EPERM)] {
            var writes: [String] = []
            #expect(throws: CgroupError.self) {
                try SettingsOrder.write([Setting(file, "a"), Setting(file, "b")]) { setting throws(CgroupError) in
                    writes.append(setting.value)
                    throw .kernel(doing: "model", SyscallError("write", errno: errno))
                }
            }
            #expect(writes == ["a"])
        }
    }
}
