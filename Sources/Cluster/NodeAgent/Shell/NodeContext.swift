package import ClusterModel
package import Engine
internal import LinuxKernel
package import Logging

/// What all parts of an agent share.
package struct NodeContext: Sendable {
    package let settings: NodeSettings
    package let access: any PoolAccess
    package let engine: Engine
    package let recorder: EventRecorder
    package let logger: Logger
    let facts: MachineSize
    let works: Works
    let network: PodNetwork
    /// Whether the kernel lets this daemon lower the score by which it finds victims.
    let mayProtect: Bool

    package init(
        _ settings: NodeSettings, access: any PoolAccess, engine: Engine, logger: Logger
    ) async throws(EngineError) {
        self.settings = settings
        self.access = access
        self.engine = engine
        self.logger = logger
        recorder = EventRecorder(access, component: "pouchd", host: settings.name)
        facts = MachineSize(try await engine.systemReport())
        works = Works()
        network = PodNetwork(settings, access: access, engine: engine)
        mayProtect = (try? Capabilities.current().effective.contains(.sysResource)) ?? false
    }
}

/// What the machine has.
struct MachineSize: Sendable {
    var processors: Int
    /// Bytes.
    var memory: Int64
    var kernel: String
    var operatingSystem: String
    var architecture: String
    var runtimeVersion: String

    init(_ report: SystemReport) {
        processors = report.nCPU
        memory = report.memTotal
        kernel = report.kernelVersion
        operatingSystem = report.operatingSystem
        let names = ["x86_64": "amd64", "aarch64": "arm64"]
        architecture = names[report.architecture] ?? report.architecture
        runtimeVersion = report.serverVersion
    }
}

/// Work that goes on after the event that began it; all of it ends with the agent.
final class Works: Sendable {
    private let stream: AsyncStream<@Sendable () async -> Void>
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func start(_ work: @escaping @Sendable () async -> Void) { continuation.yield(work) }

    /// Serves until the calling task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await work in stream { group.addTask { await work() } }
            group.cancelAll()
        }
    }
}
