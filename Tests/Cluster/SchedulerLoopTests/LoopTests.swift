internal import ClusterModel
internal import JSON
internal import Logging
internal import Scheduling
internal import Synchronization
internal import Testing
internal import Units

@testable internal import SchedulerLoop

/// A pool that holds still: what it has is listed, and what it is told is kept.
private final class StillPool: PoolAccess {
    private let lists: [String: [JSONValue]]
    private let sent = Mutex<[PoolRequest]>([])
    private let news: AsyncStream<PoolRequest>
    private let teller: AsyncStream<PoolRequest>.Continuation

    init(_ lists: [String: [JSONValue]]) {
        self.lists = lists
        (news, teller) = AsyncStream.makeStream()
    }

    var requests: [PoolRequest] { sent.withLock { $0 } }

    func send(_ request: PoolRequest) async throws(PoolError) -> JSONValue {
        if request.method == .get {
            return ["items": .array(lists[request.path] ?? []), "metadata": ["resourceVersion": "1"]]
        }
        sent.withLock { $0.append(request) }
        teller.yield(request)
        let isFirst = requests.count { $0.path == request.path && $0.method == request.method } == 1
        guard request.method != .patch || !isFirst else {
            throw .refused(code: 404, reason: "NotFound", message: "\(request.path): not found")
        }
        return [:]
    }

    func watch(
        _ path: String, query: [String: String], _ take: (PoolEvent) async -> Void
    ) async throws(PoolError) {
        try? await Task.sleep(for: .seconds(3600))
    }

    /// The next request that changes something and goes to such a path.
    func request(to path: String) async -> PoolRequest? {
        for await request in news where request.path == path { return request }
        return nil
    }
}

@Suite("The scheduling loop", .timeLimit(.minutes(1)))
struct LoopTests {
    private static let bands = [
        Band("gold", weight: 0.5, minimumPriority: 10), Band("rest", weight: 3, minimumPriority: .min),
    ]

    @Test("it serves the queues that its configuration names, and no others")
    func configuredQueues() async {
        let pool = StillPool([
            PoolPath.nodes: [
                [
                    "metadata": ["name": "n1"],
                    "status": ["allocatable": ["cpu": "4", "memory": "4Gi", "pods": "9"]],
                ]
            ],
            PoolPath.pods: [
                [
                    "metadata": [
                        "name": "a", "namespace": "n", "uid": "a", "annotations": ["pouch.io/queue": "gold"],
                    ], "spec": ["containers": [["name": "main"]]],
                ]
            ],
        ])
        var configuration = Configuration()
        configuration.bands = Self.bands
        let loop = SchedulerLoop(pool, configuration: configuration, logger: Logger(label: "test"))
        let running = Task { await loop.run() }
        // What it decides comes after it has read what the queues are.
        #expect(await pool.request(to: PoolPath.pod("n", "a") + "/binding") != nil)
        #expect(await loop.queues().map(\.name) == ["gold", "rest"])
        #expect(await loop.queues().first?.running == 1)
        running.cancel()
        await running.value
    }

    @Test("a queue's object that it makes says how the queue stands, and nothing against the configuration")
    func published() async throws {
        let pool = StillPool([:])
        var publisher = QueuePublisher(pool)
        let report = QueueReport(
            name: "gold", isStrict: false, weight: 0.5, minimumPriority: 10, depth: 1, running: 2, oldest: nil)
        try await publisher.publish([report], at: Timestamp(seconds: 1))
        let made = pool.requests.first { $0.method == .post }?.body
        #expect(made?["spec"] == [:])
        let told = pool.requests.last?.body?["status"]
        #expect(told?["weight"] == .double(0.5) && told?["minimumPriority"] == 10)
        var object = try #require(made)
        object["status"] = told
        let queue = QueueObject(object)
        #expect(queue.servedWeight == "0.5" && queue.servedPriority == 10)
        #expect(QueueReader.bands([queue], over: Self.bands) == Self.bands)
    }
}
