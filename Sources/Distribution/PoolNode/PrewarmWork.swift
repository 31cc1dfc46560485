internal import JSON
internal import Logging
package import Prewarm
internal import Synchronization
internal import Transfer

/// Brings an image here as the order says; throws a reason that people can read.
///
/// Tells how far the layers are.
package typealias ImagePuller =
    @Sendable (
        _ image: String, _ order: PrewarmOrder, _ progress: @escaping @Sendable (LayerProgress) -> Void
    ) async throws -> Void

/// This node's part in prewarms: asks the tracker for orders, and follows them.
///
/// What it does follows from the orders alone: one that is new begins, one that is gone is left.
struct PrewarmWork: Sendable {
    let node: PoolNode
    let puller: ImagePuller

    private var tracker: TrackerLink { node.tracker }
    private var logger: Logger { node.logger }

    /// One order under way; any thread may ask.
    private final class Job: Sendable {
        let order: PrewarmOrder
        private let report: Mutex<PrewarmReport>
        let dismissed: AsyncStream<Void>
        private let dismissal: AsyncStream<Void>.Continuation

        init(_ order: PrewarmOrder) {
            self.order = order
            report = Mutex(PrewarmReport(run: order.run))
            (dismissed, dismissal) = AsyncStream.makeStream()
        }

        var latest: PrewarmReport { report.withLock { $0 } }
        func note(_ progress: LayerProgress) { report.withLock { $0.note(progress) } }
        func end(_ failure: String?) {
            report.withLock { ($0.isDone, $0.reason) = (failure == nil, failure ?? "") }
        }
        func dismiss() { dismissal.finish() }
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            var jobs: [String: Job] = [:]
            while !Task.isCancelled {
                let orders = try? await tracker.orders(jobs.values.map(\.latest))
                for order in orders ?? [] where jobs[order.run] == nil {
                    let job = Job(order)
                    jobs[order.run] = job
                    // Before the first byte is asked for.
                    limit(jobs)
                    group.addTask { await follow(job) }
                }
                if let orders {
                    for (id, job) in jobs where !orders.contains(where: { $0.run == id }) {
                        job.dismiss()
                        jobs[id] = nil
                    }
                    limit(jobs)
                }
                try? await Task.sleep(for: jobs.isEmpty ? .seconds(1) : .milliseconds(300))
            }
            group.cancelAll()
        }
    }

    /// The slowest order under way says how fast all are.
    private func limit(_ jobs: [String: Job]) {
        let underWay = jobs.values.filter { $0.latest.isDone == nil }
        node.limitPrewarms(underWay.compactMap(\.order.rate).min())
    }

    private func follow(_ job: Job) async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await pull(job)
                return true
            }
            group.addTask {
                for await _ in job.dismissed {}
                return false
            }
            let isDone = await group.next() ?? true
            group.cancelAll()
            await group.waitForAll()
            // Nobody wants what was dismissed: it must not go on by itself.
            if !isDone, job.latest.isDone == nil { node.leavePrewarms() }
        }
    }

    private func pull(_ job: Job) async {
        for image in job.order.images {
            do {
                try await puller(image, job.order) { job.note($0) }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("prewarm failed", metadata: ["image": "\(image)", "error": "\(error)"])
                return job.end("\(image): \(error)")
            }
        }
        if !Task.isCancelled { job.end(nil) }
    }
}

extension TrackerLink {
    /// Tells how the orders stand; gives those that this node has now.
    func orders(_ reports: [PrewarmReport]) async throws(PoolError) -> [PrewarmOrder] {
        let bytes = try await post("/v1/orders", JSONValue.array(reports.map(\.json)).encoded())
        do throws(JSONError) {
            return try JSONField(JSONValue(parsing: bytes)).elements().map { field throws(JSONError) in
                try PrewarmOrder(json: field)
            }
        } catch {
            throw .malformed("tracker: \(error)")
        }
    }
}
