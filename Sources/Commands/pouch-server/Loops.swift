internal import APIServer
internal import ClusterModel
internal import Controllers
internal import Logging
internal import SchedulerLoop
internal import ServiceLifecycle

/// The scheduling loop as a member of the server's service group.
struct SchedulingService: Service {
    private let loop: SchedulerLoop

    init(_ access: any PoolAccess, logger: Logger) { loop = SchedulerLoop(access, logger: logger) }

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
