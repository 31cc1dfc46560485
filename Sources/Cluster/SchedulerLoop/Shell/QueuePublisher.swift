internal import ClusterModel
internal import JSON
internal import Units

/// Writes how the queues stand into their objects, where people and programs look.
///
/// An object that it makes says nothing of how the queue is served: that is for whoever configures the scheduler, or changes the
/// object.
struct QueuePublisher: Sendable {
    private let access: any PoolAccess
    private var told: [String: JSONValue] = [:]

    init(_ access: any PoolAccess) { self.access = access }

    /// Tells what changed since it was last told.
    mutating func publish(_ reports: [QueueReport], at now: Timestamp) async throws(PoolError) {
        for report in reports {
            let oldest = report.oldest.map { max(0, now.seconds - $0.seconds) }
            let status: JSONValue = [
                "pending": JSONValue(number: report.depth), "running": JSONValue(number: report.running),
                "oldestWaitSeconds": oldest.map { .integer($0) } ?? .null, "weight": .double(report.weight),
                "minimumPriority": JSONValue(number: report.minimumPriority),
            ]
            guard told[report.name] != status else { continue }
            let path = "\(PoolPath.queues)/\(report.name)"
            do throws(PoolError) {
                try await access.patch("\(path)/status", ["status": status])
            } catch {
                guard error.isNotFound else { throw error }
                let queue: JSONValue = [
                    "apiVersion": "pouch.io/v1", "kind": "Queue", "metadata": ["name": .string(report.name)],
                    "spec": [:],
                ]
                try await access.create(queue, in: PoolPath.queues)
                try await access.patch("\(path)/status", ["status": status])
            }
            told[report.name] = status
        }
    }
}
