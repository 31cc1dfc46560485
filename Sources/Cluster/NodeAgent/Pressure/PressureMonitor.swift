internal import ClusterModel
internal import Engine
internal import Lanes
internal import LinuxKernel
internal import Logging
internal import Units

/// Looks at the node's memory and disk every few seconds, and lets a pod go when they are short.
actor PressureMonitor {
    private static let period = Duration.seconds(2)

    private let context: NodeContext
    private var machine: PressureMachine

    init(_ context: NodeContext) {
        self.context = context
        machine = PressureMachine(context.settings.pressure)
    }

    func isShort(of resource: ScarceResource) -> Bool { machine.isShort(of: resource, at: .now) }

    /// Serves until the calling task is cancelled.
    ///
    /// `tenants` gives the pods that are here and whether they are on their way out, `evict` ends one and says why.
    func run(
        _ tenants: @Sendable () async -> [(pod: PodObject, isEnding: Bool)],
        _ evict: @Sendable (String, String) async -> Void
    ) async {
        repeat {
            let tenants = await tenants()
            let root = context.engine.configuration.cgroupParent
            let groups = tenants.map { PodGroup.path($0.pod, below: root) }
            let dataRoot = context.settings.dataRoot
            let (amounts, used) = await Lanes.shared.run {
                (
                    NodeAmounts(memory: MemoryFacts.available(), disk: NodeDisk.free(dataRoot)),
                    groups.map { PodGroup.memory($0) }
                )
            }
            let candidates = zip(tenants, used).map { tenant, used in
                PressureCandidate(tenant.pod, used: used, isEnding: tenant.isEnding)
            }
            guard let verdict = machine.observe(amounts, candidates, at: .now) else { continue }
            context.logger.warning(
                "a pod is evicted", metadata: ["pod": "\(verdict.uid)", "why": "\(verdict.message)"])
            await evict(verdict.uid, verdict.message)
        } while (try? await Task.sleep(for: Self.period)) != nil
    }
}

/// What /proc says of memory.
enum MemoryFacts {
    /// Bytes that programs can have without swapping; all when nobody says.
    ///
    /// Source: proc(5), /proc/meminfo, MemAvailable.
    static func available() -> Int64 {
        guard let bytes = try? WholeFile.read("/proc/meminfo") else { return .max }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("MemAvailable:")
        {
            if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int64($0) }) {
                return kilobytes * 1024
            }
        }
        return .max
    }
}
