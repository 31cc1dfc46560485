/// The pods as columns; a pod is a position in all of them, reused when it is gone.
struct PodTable {
    enum State: UInt8 {
        case vacant
        /// Held back by its gates, or by its gang that is not complete.
        case held
        case queued
        /// Its class fits nowhere; woken by what could help.
        case parked
        case backingOff
        /// Has a node in mind whose victims are leaving.
        case nominated
        /// Placed by us, not yet confirmed.
        case assumed
        case running
        /// Chosen as a victim, not yet gone.
        case leaving
    }

    private(set) var ids: [String] = []
    private(set) var numbers: [String: Int32] = [:]
    var state: [State] = []
    /// In the pool's table of templates.
    var template: [Int32] = []
    /// The lane of the queues it goes into.
    var lane: [Int32] = []
    var priority: [Int32] = []
    var node: [Int32] = []
    /// Its gang, or -1.
    var gang: [Int32] = []
    var attempts: [UInt8] = []
    /// Counts arrivals: what came first is smaller.
    var arrival: [UInt64] = []
    /// Counts reservations and back-offs, so that a timer knows whether it is still meant.
    private(set) var stamp: [UInt32] = []
    /// In the one list it is in: its node's, its lane's or its class's.
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var vacant: [Int32] = []
    private var arrivals: UInt64 = 0

    var count: Int { ids.count - vacant.count }

    /// Whether it is to get a node and has none.
    func isPending(_ pod: Int32) -> Bool {
        switch state[Int(pod)] {
        case .held, .queued, .parked, .backingOff: true
        case .vacant, .nominated, .assumed, .running, .leaving: false
        }
    }

    func lane(of pod: Int32) -> Int { Int(lane[Int(pod)]) }

    /// A new stamp: older timers of the pod mean nothing any more.
    mutating func stampAnew(_ pod: Int32) -> UInt32 {
        stamp[Int(pod)] &+= 1
        return stamp[Int(pod)]
    }

    mutating func add(_ id: String) -> Int32 {
        let number: Int32
        if let reused = vacant.popLast() {
            number = reused
            ids[Int(number)] = id
        } else {
            number = Int32(ids.count)
            ids.append(id)
            state.append(.vacant)
            template.append(0)
            lane.append(0)
            priority.append(0)
            node.append(-1)
            gang.append(-1)
            attempts.append(0)
            arrival.append(0)
            stamp.append(0)
            next.append(-1)
            previous.append(-1)
        }
        numbers[id] = number
        arrivals += 1
        arrival[Int(number)] = arrivals
        attempts[Int(number)] = 0
        node[Int(number)] = -1
        gang[Int(number)] = -1
        return number
    }

    mutating func remove(_ number: Int32) {
        numbers[ids[Int(number)]] = nil
        ids[Int(number)] = ""
        state[Int(number)] = .vacant
        stamp[Int(number)] &+= 1
        vacant.append(number)
    }

    mutating func append(_ pod: Int32, to list: inout PodList) {
        next[Int(pod)] = -1
        previous[Int(pod)] = list.last
        if list.last >= 0 { next[Int(list.last)] = pod } else { list.first = pod }
        list.last = pod
        list.count += 1
    }

    mutating func remove(_ pod: Int32, from list: inout PodList) {
        let (before, after) = (previous[Int(pod)], next[Int(pod)])
        if before >= 0 { next[Int(before)] = after } else { list.first = after }
        if after >= 0 { previous[Int(after)] = before } else { list.last = before }
        list.count -= 1
    }

    func members(of list: PodList) -> [Int32] {
        var found: [Int32] = []
        found.reserveCapacity(Int(list.count))
        var pod = list.first
        while pod >= 0 {
            found.append(pod)
            pod = next[Int(pod)]
        }
        return found
    }
}

/// The ends of a list that runs through the pod table.
struct PodList {
    var first: Int32 = -1
    var last: Int32 = -1
    var count: Int32 = 0
}
