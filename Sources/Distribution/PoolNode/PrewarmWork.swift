internal import JSON
internal import Logging
internal import Prewarm
internal import Synchronization
internal import Transfer

/// Brings an image here; throws a reason that people can read.
///
/// Told how many bytes are here, and of how many.
package typealias ImagePuller =
    @Sendable (
        _ image: String, _ authorization: String?, _ progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws -> Void

/// This node's part in prewarms: asks the tracker for orders, and follows them.
///
/// What it does follows from the orders alone: one that is new begins, one that is gone is left.
struct PrewarmWork: Sendable {
    let tracker: TrackerLink
    let puller: ImagePuller
    let logger: Logger

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
        func progress(_ current: Int64, _ total: Int64) {
            report.withLock { ($0.current, $0.total) = (current, max(total, $0.total)) }
        }
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
                    group.addTask { await follow(job) }
                }
                if let orders {
                    for (id, job) in jobs where !orders.contains(where: { $0.run == id }) {
                        job.dismiss()
                        jobs[id] = nil
                    }
                }
                try? await Task.sleep(for: jobs.isEmpty ? .seconds(2) : .milliseconds(500))
            }
            group.cancelAll()
        }
    }

    private func follow(_ job: Job) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pull(job) }
            group.addTask { for await _ in job.dismissed {} }
            await group.next()
            group.cancelAll()
        }
    }

    private func pull(_ job: Job) async {
        for image in job.order.images {
            do {
                try await puller(image, job.order.authorizations[image]) { job.progress($0, $1) }
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
