package import ClusterModel
internal import JSON
package import Logging
internal import Units

/// Keeps the statuses of disruption budgets true.
package actor BudgetController {
    private let access: any PoolAccess
    private let logger: Logger
    private var book = BudgetBook()
    private var budgets = Mirror()
    private var pods = Mirror()
    private var hasPods = false
    private let wakeups: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    package init(_ access: any PoolAccess, logger: Logger) {
        self.access = access
        self.logger = logger
        (wakeups, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Serves until the calling task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await Reflection(self.access, PoolPath.pods).runBatches { await self.takePods($0) } }
            group.addTask { await Reflection(self.access, PoolPath.budgets).run { await self.takeBudgets($0) } }
            group.addTask { await self.write() }
        }
    }

    private func takePods(_ batch: [Reflected]) {
        for news in batch {
            if case .whole = news { hasPods = true }
            for change in pods.take(news) {
                switch change {
                case .changed(let object): book.put(PodObject(object))
                case .gone(let key, _): book.removePod(key)
                }
            }
        }
        waker.yield()
    }

    private func takeBudgets(_ news: Reflected) {
        for change in budgets.take(news) {
            switch change {
            case .changed(let object): book.put(PodDisruptionBudgetObject(object))
            case .gone(let key, _): book.removeBudget(key)
            }
        }
        waker.yield()
    }

    private func write() async {
        for await _ in wakeups where hasPods {
            for update in book.updates(at: .now) {
                do throws(PoolError) {
                    try await access.patch(
                        "\(PoolPath.budget(update.namespace, update.name))/status", ["status": update.status])
                } catch {
                    if error.isNotFound { continue }
                    logger.warning(
                        "a disruption budget was not updated",
                        metadata: ["budget": "\(update.namespace)/\(update.name)", "error": "\(error)"])
                    book.failed(update)
                }
            }
        }
    }
}
