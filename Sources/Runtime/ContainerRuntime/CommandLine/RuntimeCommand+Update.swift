internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec

extension RuntimeCommand {
    /// Does `update`.
    func update() throws(RuntimeError) {
        var resources: RuntimeSpec.Resources
        if let file = options["resources"] {
            do {
                let bytes = try file == "-" ? Descriptor.open("/dev/stdin").readToEnd() : WholeFile.read(file)
                resources = try RuntimeSpec.Resources(parsing: bytes)
            } catch let error as SyscallError {
                throw .step("read \(file)", error)
            } catch {
                throw .invalid("\(file): \(error)")
            }
        } else {
            resources = try askedResources()
        }
        guard options["l3-cache-schema"] == nil, options["mem-bw-schema"] == nil else {
            throw .unsupported("--l3-cache-schema and --mem-bw-schema: resctrl is not mounted on this machine")
        }
        // Who asks for devices in an update gets them refused, not dropped.
        guard resources.devices?.isEmpty != false else {
            throw .unsupported("update cannot change the rules for devices")
        }
        try launcher.update(id, resources)
    }

    private func askedResources() throws(RuntimeError) -> RuntimeSpec.Resources {
        var memory = RuntimeSpec.Resources.Memory()
        memory.limit = try bytes("memory")
        memory.reservation = try bytes("memory-reservation")
        memory.swap = try bytes("memory-swap")
        memory.kernel = try bytes("kernel-memory")
        memory.kernelTCP = try bytes("kernel-memory-tcp")
        var cpu = RuntimeSpec.Resources.CPU()
        cpu.period = try number("cpu-period")
        cpu.quota = try number("cpu-quota")
        cpu.burst = try number("cpu-burst")
        cpu.shares = try number("cpu-share")
        cpu.realtimePeriod = try number("cpu-rt-period")
        cpu.realtimeRuntime = try number("cpu-rt-runtime")
        cpu.idle = try number("cpu-idle")
        cpu.cpus = options["cpuset-cpus"]
        cpu.mems = options["cpuset-mems"]
        var resources = RuntimeSpec.Resources(memory: memory, cpu: cpu)
        if let limit: Int64 = try number("pids-limit") {
            var pids = RuntimeSpec.Resources.Pids()
            pids.limit = limit
            resources.pids = pids
        }
        if let weight: UInt16 = try number("blkio-weight") {
            var blockIO = RuntimeSpec.Resources.BlockIO()
            blockIO.weight = weight
            resources.blockIO = blockIO
        }
        return resources
    }

    private func number<Number: FixedWidthInteger>(_ name: String) throws(RuntimeError) -> Number? {
        guard let text = options[name], !text.isEmpty else { return nil }
        guard let number = Number(text) else { throw .invalid("--\(name): \"\(text)\" is not a number") }
        return number
    }

    /// A number of bytes, with `k`, `m`, `g` or `t` behind it if you like.
    private func bytes(_ name: String) throws(RuntimeError) -> Int64? {
        guard let text = options[name], !text.isEmpty else { return nil }
        var digits = text.lowercased()[...]
        if digits.hasSuffix("b") { digits = digits.dropLast() }
        let shift: Int64 =
            switch digits.last {
            case "k": 10
            case "m": 20
            case "g": 30
            case "t": 40
            default: 0
            }
        if shift > 0 { digits = digits.dropLast() }
        guard let number = Int64(digits) else { throw .invalid("--\(name): \"\(text)\" is not a number of bytes") }
        let (value, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { throw .invalid("--\(name): \"\(text)\" is more than there can be") }
        return value
    }
}
