internal import Pieces

/// Links of nodes and the transfers that share them.
///
/// A downlink is divided evenly among what comes in; an uplink is filled with what its receivers can take. Neither ever carries
/// more than it can; a real network, whose flows take over what others leave of a downlink, is a little faster.
struct Links {
    struct Flow {
        var from: Int
        var to: Int
        var left: Double
        var total: Double
        /// Bytes per second.
        var rate = 0.0
        var since: Instant
        var version: UInt32 = 0
        var isOpen = true
    }

    /// Bytes per second.
    var up: [Double]
    var down: [Double]
    private(set) var flows: [Flow] = []
    private var vacant: [Int] = []
    private var outgoing: [[Int]]
    private var incoming: [[Int]]
    private(set) var sent: [Double]

    init(up: [Double], down: [Double]) {
        self.up = up
        self.down = down
        outgoing = Array(repeating: [], count: up.count)
        incoming = outgoing
        sent = Array(repeating: 0, count: up.count)
    }

    /// A flow whose end has to be planned anew.
    typealias Change = (flow: Int, version: UInt32, end: Instant)

    mutating func open(from: Int, to: Int, bytes: Int64, at now: Instant, changes: inout [Change]) -> Int {
        let flow = Flow(from: from, to: to, left: Double(bytes), total: Double(bytes), since: now)
        let number: Int
        if let free = vacant.popLast() {
            number = free
            let version = flows[free].version
            flows[free] = flow
            flows[free].version = version
        } else {
            number = flows.count
            flows.append(flow)
        }
        outgoing[from].append(number)
        incoming[to].append(number)
        settle(around: number, at: now, changes: &changes)
        return number
    }

    /// Ends a flow; returns how many bytes it carried.
    mutating func close(_ number: Int, at now: Instant, changes: inout [Change]) -> Int64 {
        advance(number, to: now)
        flows[number].isOpen = false
        flows[number].version += 1
        let flow = flows[number]
        outgoing[flow.from].removeAll { $0 == number }
        incoming[flow.to].removeAll { $0 == number }
        vacant.append(number)
        settle(around: number, at: now, changes: &changes)
        return Int64(flow.total - flow.left)
    }

    func isCurrent(_ number: Int, _ version: UInt32) -> Bool {
        flows[number].isOpen && flows[number].version == version
    }

    /// The capacity of a node's links changes.
    mutating func set(node: Int, up: Double, down: Double, at now: Instant, changes: inout [Change]) {
        self.up[node] = up
        self.down[node] = down
        fill(node, at: now, changes: &changes)
        for flow in incoming[node] { fill(flows[flow].from, at: now, changes: &changes) }
    }

    private mutating func advance(_ number: Int, to now: Instant) {
        let moved = min(flows[number].left, flows[number].rate * (now - flows[number].since).seconds)
        flows[number].left -= moved
        flows[number].since = now
        sent[flows[number].from] += moved
    }

    private mutating func settle(around number: Int, at now: Instant, changes: inout [Change]) {
        let flow = flows[number]
        fill(flow.from, at: now, changes: &changes)
        for other in incoming[flow.to] where flows[other].from != flow.from {
            fill(flows[other].from, at: now, changes: &changes)
        }
    }

    /// Divides the uplink of `node`: nobody gets more than his share of the receiver's downlink, what one cannot use goes to
    /// the others.
    private mutating func fill(_ node: Int, at now: Instant, changes: inout [Change]) {
        let mine = outgoing[node]
        guard !mine.isEmpty else { return }
        var shares = mine.map { (flow: $0, limit: down[flows[$0].to] / Double(incoming[flows[$0].to].count)) }
        if shares.count > 1 { shares.sort { $0.limit < $1.limit } }
        var rest = up[node]
        for (place, share) in shares.enumerated() {
            let rate = min(share.limit, rest / Double(shares.count - place))
            rest -= rate
            let old = flows[share.flow].rate
            if abs(rate - old) <= old * 0.001, old > 0 { continue }
            advance(share.flow, to: now)
            flows[share.flow].rate = rate
            flows[share.flow].version += 1
            guard rate > 0 else { continue }
            let end = now + .seconds(flows[share.flow].left / rate) + Span(nanoseconds: 1)
            changes.append((share.flow, flows[share.flow].version, end))
        }
    }
}
