/// Who waits for which pods to leave: pods, or gangs by their first member, that have nodes in mind.
struct Nominations {
    private var waiters: [Int32: [(pod: Int32, stamp: UInt32)]] = [:]
    private var left: [Int32: (count: Int, stamp: UInt32)] = [:]

    var isEmpty: Bool { waiters.isEmpty }

    /// `pod` waits for all of `leaving`; its `stamp` tells this time from earlier ones.
    mutating func add(_ pod: Int32, stamp: UInt32, leaving: [Int32]) {
        left[pod] = (leaving.count, stamp)
        for victim in leaving { waiters[victim, default: []].append((pod, stamp)) }
    }

    mutating func withdraw(_ pod: Int32) { left[pod] = nil }

    /// `victim` is gone: those for whom it was the last.
    mutating func gone(_ victim: Int32) -> [Int32] {
        var ready: [Int32] = []
        for (pod, stamp) in waiters.removeValue(forKey: victim) ?? [] {
            guard let (count, since) = left[pod], since == stamp else { continue }
            left[pod] = count > 1 ? (count - 1, stamp) : nil
            if count == 1 { ready.append(pod) }
        }
        return ready
    }
}
