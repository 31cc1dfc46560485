/// The pods that are to be tried, in several queues.
///
/// Between queues: strict ones first, the rest by weight (stride scheduling), so that a queue that has something waits
/// no longer than the others' weights say. Within a queue: the highest priority, then the tenant with the smallest
/// share, then the first to arrive; but every ``agingInterval``th turn goes to the one that waits longest, so that a
/// pod with `n` older ones in its queue is tried after `agingInterval * (n + 1)` turns of the queue at most. The time
/// that a quota holds a pod back is not counted in turns, and does not make it younger either.
struct QueueSet {
    struct Lane {
        var band: Int
        var priority: Int32
        var tenant: Int
        var pods = PodList()
        /// Its tenant's quota has no room: not served until something of it ends.
        var isHeldByQuota = false
        /// Entries of ``Service/ages`` that came up while it was held, the oldest first.
        var heldAges: [(pod: Int32, arrival: UInt64)] = []
        /// How many templates have it.
        var uses = 0
    }

    private struct Level {
        var priority: Int32
        var heap = FairHeap()
    }

    private struct Service {
        var levels: [Level] = []  // highest priority first
        var pass = 0.0
        var turns = 0
        var count = 0
        /// Pods by the time they came into the queue; stale entries are dropped when they reach the front.
        var ages: [(pod: Int32, arrival: UInt64)] = []
        var oldest = 0
        /// Entries of lanes that a quota let go again, the oldest last: older than all of ``ages``.
        var released: [(pod: Int32, arrival: UInt64)] = []
    }

    private struct LaneIdentity: Hashable {
        var band: Int
        var priority: Int32
        var tenant: Int
    }

    let bands: [Band]
    let agingInterval: Int
    var ledger = Ledger()
    private(set) var lanes: [Lane] = []
    private var laneNumbers: [LaneIdentity: Int] = [:]
    private var services: [Service]
    /// The pass of the queue served last: where one that was empty begins.
    private var pass = 0.0
    private(set) var count = 0
    private var isStale = false
    private var vacantLanes: [Int] = []
    private var idleLanes = 0

    init(bands: [Band], agingInterval: Int) {
        self.bands = bands
        self.agingInterval = agingInterval
        services = bands.map { _ in Service() }
    }

    mutating func lane(of template: PodTemplate, _ dimensions: inout Dimensions) -> Int {
        let band = Band.index(for: template, in: bands)
        let tenant = ledger.tenant(of: template.namespace, &dimensions)
        let identity = LaneIdentity(band: band, priority: template.priority, tenant: tenant)
        if let known = laneNumbers[identity] { return known }
        let number = vacantLanes.popLast() ?? lanes.count
        laneNumbers[identity] = number
        let lane = Lane(band: band, priority: template.priority, tenant: tenant)
        if number == lanes.count { lanes.append(lane) } else { lanes[number] = lane }
        idleLanes += 1
        ledger.attach(number, to: tenant)
        if !services[band].levels.contains(where: { $0.priority == template.priority }) {
            let index = services[band].levels.firstIndex { $0.priority < template.priority }
            services[band].levels.insert(Level(priority: template.priority), at: index ?? services[band].levels.count)
        }
        return number
    }

    mutating func push(_ pod: Int32, to lane: Int, _ pods: inout PodTable) {
        pods.state[Int(pod)] = .queued
        pods.append(pod, to: &lanes[lane].pods)
        let band = lanes[lane].band
        count += 1
        services[band].count += 1
        if services[band].count == 1 { services[band].pass = max(services[band].pass, pass) }
        services[band].ages.append((pod, pods.arrival[Int(pod)]))
        if services[band].ages.count - services[band].oldest > 4096 + 2 * services[band].count {
            tidyAges(of: band, pods)
        }
        if lanes[lane].pods.count == 1 { activate(lane) }
    }

    mutating func remove(_ pod: Int32, from lane: Int, _ pods: inout PodTable) {
        pods.remove(pod, from: &lanes[lane].pods)
        let band = lanes[lane].band
        count -= 1
        services[band].count -= 1
        if lanes[lane].pods.count == 0 { deactivate(lane) }
    }

    private mutating func activate(_ lane: Int) {
        guard !lanes[lane].isHeldByQuota, let level = level(of: lane) else { return }
        let share = ledger.share(lanes[lane].tenant)
        services[lanes[lane].band].levels[level].heap.insert(lane, share: share)
    }

    private mutating func deactivate(_ lane: Int) {
        guard let level = level(of: lane) else { return }
        services[lanes[lane].band].levels[level].heap.remove(lane)
    }

    private func level(of lane: Int) -> Int? {
        services[lanes[lane].band].levels.firstIndex { $0.priority == lanes[lane].priority }
    }

    /// Takes out the pod whose turn it is.
    mutating func pop(_ pods: inout PodTable) -> Int32? {
        guard count > 0 else { return nil }
        if isStale { refreshShares() }
        while let band = nextBand() {
            services[band].turns += 1
            if !bands[band].isStrict {
                pass = services[band].pass
                services[band].pass += 1 / bands[band].weight
            }
            if services[band].turns % agingInterval == 0, let pod = oldest(in: band, pods) {
                remove(pod, from: pods.lane(of: pod), &pods)
                return pod
            }
            guard let lane = services[band].levels.lazy.compactMap(\.heap.first).first else { continue }
            let pod = lanes[lane].pods.first
            remove(pod, from: lane, &pods)
            return pod
        }
        return nil
    }

    private func nextBand() -> Int? {
        var found: Int?
        for band in bands.indices
        where !bands[band].isPaused && services[band].levels.contains(where: { !$0.heap.isEmpty }) {
            if bands[band].isStrict { return band }
            if let best = found, services[best].pass <= services[band].pass { continue }
            found = band
        }
        return found
    }

    private mutating func oldest(in band: Int, _ pods: borrowing PodTable) -> Int32? {
        while let (pod, arrival) = services[band].released.popLast() {
            guard pods.state[Int(pod)] == .queued, pods.arrival[Int(pod)] == arrival else { continue }
            let lane = pods.lane(of: pod)
            if !lanes[lane].isHeldByQuota { return pod }
            keepHeld(pod, arrival, of: lane, pods)
        }
        while services[band].oldest < services[band].ages.count {
            let (pod, arrival) = services[band].ages[services[band].oldest]
            services[band].oldest += 1
            if services[band].oldest > 4096, services[band].oldest * 2 > services[band].ages.count {
                services[band].ages.removeFirst(services[band].oldest)
                services[band].oldest = 0
            }
            guard pods.state[Int(pod)] == .queued, pods.arrival[Int(pod)] == arrival else { continue }
            let lane = pods.lane(of: pod)
            if !lanes[lane].isHeldByQuota { return pod }
            keepHeld(pod, arrival, of: lane, pods)
        }
        return nil
    }
}

// MARK: - Shares and quotas

extension QueueSet {
    /// Counts what a pod of `lane` uses from now on, or no longer.
    mutating func charge(_ lane: Int, _ amounts: [Amount], sign: Double) {
        let tenant = lanes[lane].tenant
        ledger.charge(tenant, amounts, sign: sign)
        let share = ledger.share(tenant)
        for index in ledger.tenants[tenant].lanes.indices {
            let lane = ledger.tenants[tenant].lanes[index]
            guard lanes[lane].pods.count > 0, let level = level(of: lane) else { continue }
            services[lanes[lane].band].levels[level].heap.update(lane, share: share)
        }
        if sign < 0, let quota = ledger.tenants[tenant].quota { releaseHeld(by: quota) }
    }

    mutating func addCapacity(_ amounts: [Amount], sign: Double) {
        ledger.addCapacity(amounts, sign: sign)
        isStale = true
    }

    /// Keeps a lane out of service until its quota has room; `pod`, just put back, keeps its age.
    mutating func holdByQuota(_ lane: Int, for pod: Int32, _ pods: borrowing PodTable) {
        keepHeld(pod, pods.arrival[Int(pod)], of: lane, pods)
        deactivate(lane)
        lanes[lane].isHeldByQuota = true
    }

    mutating func releaseHeld(by quota: Quota) {
        for lane in lanes.indices where lanes[lane].isHeldByQuota {
            let other = ledger.tenants[lanes[lane].tenant].quota
            guard other?.name == quota.name || other?.cohort != nil && other?.cohort == quota.cohort else { continue }
            lanes[lane].isHeldByQuota = false
            let band = lanes[lane].band
            services[band].released.append(contentsOf: lanes[lane].heldAges)
            services[band].released.sort { $0.arrival > $1.arrival }
            lanes[lane].heldAges = []
            guard lanes[lane].pods.count > 0 else { continue }
            activate(lane)
        }
    }

    private mutating func refreshShares() {
        isStale = false
        for lane in lanes.indices where lanes[lane].pods.count > 0 {
            guard let level = level(of: lane) else { continue }
            services[lanes[lane].band].levels[level].heap.update(lane, share: ledger.share(lanes[lane].tenant))
        }
    }
}

// MARK: - Forgetting

extension QueueSet {
    var keptLanes: Int { laneNumbers.count }
    var keptAges: Int {
        services.reduce(0) { $0 + $1.ages.count - $1.oldest + $1.released.count }
            + lanes.reduce(0) { $0 + $1.heldAges.count }
    }

    mutating func use(lane: Int) {
        if lanes[lane].uses == 0 { idleLanes -= 1 }
        lanes[lane].uses += 1
    }

    mutating func release(lane: Int) {
        lanes[lane].uses -= 1
        if lanes[lane].uses == 0 { idleLanes += 1 }
    }

    /// Forgets lanes that no template has, once they are more than the others, and with them tenants and priorities.
    mutating func sweep() {
        guard idleLanes > max(64, lanes.count / 2) else { return }
        for (identity, lane) in laneNumbers.sorted(by: { $0.value < $1.value }) where lanes[lane].uses == 0 {
            laneNumbers[identity] = nil
            ledger.detach(lane, from: lanes[lane].tenant)
            lanes[lane] = Lane(band: 0, priority: 0, tenant: 0)
            vacantLanes.append(lane)
        }
        idleLanes = 0
        for band in services.indices {
            let priorities = Set(laneNumbers.keys.filter { $0.band == band }.map(\.priority))
            services[band].levels.removeAll { !priorities.contains($0.priority) }
        }
    }

    /// Each pod that is still queued once, the others not at all.
    private mutating func tidyAges(of band: Int, _ pods: borrowing PodTable) {
        services[band].ages = Self.tidied(services[band].ages[services[band].oldest...], pods)
        services[band].oldest = 0
    }

    private mutating func keepHeld(_ pod: Int32, _ arrival: UInt64, of lane: Int, _ pods: borrowing PodTable) {
        lanes[lane].heldAges.append((pod, arrival))
        guard lanes[lane].heldAges.count > 1024 + 2 * Int(lanes[lane].pods.count) else { return }
        lanes[lane].heldAges = Self.tidied(lanes[lane].heldAges[...], pods)
    }

    private static func tidied(
        _ entries: ArraySlice<(pod: Int32, arrival: UInt64)>, _ pods: borrowing PodTable
    ) -> [(pod: Int32, arrival: UInt64)] {
        var seen: Set<Int32> = []
        var kept: [(pod: Int32, arrival: UInt64)] = []
        for entry in entries where pods.state[Int(entry.pod)] == .queued {
            guard pods.arrival[Int(entry.pod)] == entry.arrival, seen.insert(entry.pod).inserted else { continue }
            kept.append(entry)
        }
        return kept
    }
}
