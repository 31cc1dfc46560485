internal import APIServer
internal import ClusterModel
internal import Controllers
internal import LinuxKernel
internal import Logging
internal import SchedulerLoop
internal import Scheduling
internal import ServiceLifecycle

/// The scheduling loop as a member of the server's service group.
struct SchedulingService: Service {
    private let loop: SchedulerLoop

    /// `path` is a KubeSchedulerConfiguration in YAML.
    init(_ access: any PoolAccess, configuredBy path: String?, logger: Logger) throws {
        var configuration = Scheduling.Configuration()
        if let path {
            let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
            configuration = try ConfigurationReader.read(text, name: path)
        }
        loop = SchedulerLoop(access, configuration: configuration, logger: logger)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await loop.run() }
    }
}

/// The disruption budgets' keeper as a member of the server's service group.
struct BudgetService: Service {
    private let controller: BudgetController

    init(_ access: any PoolAccess, logger: Logger) { controller = BudgetController(access, logger: logger) }

    func run() async throws {
        await cancelWhenGracefulShutdown { await controller.run() }
    }
}

/// The node lifecycle as a member of the server's service group.
struct NodeService: Service {
    private let controller: NodeController

    init(_ access: any PoolAccess, logger: Logger) { controller = NodeController(access, logger: logger) }

    func run() async throws {
        await cancelWhenGracefulShutdown { await controller.run() }
    }
}
