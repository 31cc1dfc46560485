internal import Glibc
internal import Scheduling
internal import Units

/// One of several schedulers, on a thread of its own while it plans.
actor PlanningShard {
    private var scheduler: Scheduler

    init(_ shard: Shard?, nodes: Int) {
        var configuration = Configuration()
        configuration.shard = shard
        var scheduler = Scheduler(configuration)
        World.addNodes(nodes, to: &scheduler)
        self.scheduler = scheduler
    }

    func add(_ pods: [Pod]) {
        for pod in pods { World.add(pod, to: &scheduler) }
    }

    /// Takes in what happened since the last time, then decides up to `count` pods; with the processor time of its thread.
    func plan(_ count: Int, after events: [Event]) -> (placements: [Placement], seconds: Double) {
        let before = threadSeconds()
        for event in events { _ = scheduler.handle(event, at: World.start) }
        var placements: [Placement] = []
        while placements.count < count, let decision = scheduler.decide(at: World.start) {
            if case .place(let placement) = decision { placements.append(placement) }
        }
        return (placements, threadSeconds() - before)
    }
}

/// How throughput grows with cores: the same pods decided by one scheduler, and by several that a committer brings together.
enum Shards {
    struct Result {
        /// Pods per second of the clock; noisy where others use the processors too.
        var perSecond: Double
        /// Pods per processor second of whoever was busiest in each round: what it would be were all threads never kept waiting.
        var perBusiestSecond: Double
        var refused: Int
    }

    static func rate(_ count: Int, nodes: Int, pods: [Pod], batch: Int = 1024) async -> Result {
        var shards: [PlanningShard] = []
        for index in 0..<count { shards.append(PlanningShard(count > 1 ? Shard(index, of: count) : nil, nodes: nodes)) }
        var committer = Committer()
        for number in 0..<nodes { committer.note(.nodeAdded(World.node(number))) }
        let byID = Dictionary(uniqueKeysWithValues: pods.map { ($0.id, $0) })
        for (index, shard) in shards.enumerated() {
            await shard.add(stride(from: index, to: pods.count, by: count).map { pods[$0] })
        }
        var news = Array(repeating: [Event](), count: count)
        var (left, busiest, refused) = (pods.count, 0.0, 0)
        let start = clockSeconds()
        while left > 0 {
            let plans = await plan(shards, batch, news)
            busiest += plans.map(\.seconds).max() ?? 0
            news = Array(repeating: [], count: count)
            // One scheduler alone needs nobody to check it.
            let before = threadSeconds()
            for (index, plan) in plans.enumerated() {
                for placement in plan.placements {
                    guard var pod = byID[placement.pod] else { continue }
                    guard count == 1 || committer.commit(pod, on: placement.node) else {
                        refused += 1
                        news[index].append(.bindingConflicted(id: pod.id))
                        continue
                    }
                    left -= 1
                    news[index].append(.bindingConfirmed(id: pod.id))
                    pod.node = placement.node
                    for other in news.indices where other != index { news[other].append(.podAdded(pod)) }
                }
            }
            busiest += threadSeconds() - before
            precondition(plans.contains { !$0.placements.isEmpty }, "\(left) pods fit nowhere")
        }
        let seconds = clockSeconds() - start
        return Result(
            perSecond: Double(pods.count) / seconds, perBusiestSecond: Double(pods.count) / busiest, refused: refused)
    }

    private static func plan(
        _ shards: [PlanningShard], _ count: Int, _ news: [[Event]]
    ) async -> [(placements: [Placement], seconds: Double)] {
        await withTaskGroup(of: (Int, [Placement], Double).self) { group in
            for (index, shard) in shards.enumerated() {
                let events = news[index]
                group.addTask {
                    let plan = await shard.plan(count, after: events)
                    return (index, plan.placements, plan.seconds)
                }
            }
            var plans = Array(repeating: (placements: [Placement](), seconds: 0.0), count: shards.count)
            for await (index, placements, seconds) in group { plans[index] = (placements, seconds) }
            return plans
        }
    }
}

/// The processor time of this thread, in seconds.
func threadSeconds() -> Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

/// The clock on the wall, in seconds.
func clockSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

private func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
