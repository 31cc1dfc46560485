/// Something that takes space on this machine and could be fetched again.
package struct StoredThing: Equatable, Sendable {
    /// Why it stays, whatever needs the space.
    package enum Hold: String, Equatable, Sendable {
        /// A container has it, or another image stands on it.
        case inUse
        /// Bytes of it are on their way to or from another node.
        case travelling
        /// Somebody asked for it to stay for a while.
        case pinned
        /// It cannot be fetched again.
        case irreplaceable
    }

    package var name: String
    /// Bytes by part; what several things share goes with the last of them.
    package var parts: [String: Int64]
    /// In seconds since 1970.
    package var lastUse: Int64
    package var hold: Hold?

    package init(name: String, parts: [String: Int64], lastUse: Int64, hold: Hold? = nil) {
        self.name = name
        self.parts = parts
        self.lastUse = lastUse
        self.hold = hold
    }
}

/// How much space stored things may take, in bytes and in parts of it.
package struct SpaceMarks: Equatable, Sendable {
    package var limit: Int64
    /// Above this share of the limit things go.
    package var high: Double
    /// What is taken at most when they have gone.
    package var low: Double

    package init(limit: Int64, high: Double = 0.8, low: Double = 0.6) {
        self.limit = limit
        self.high = high
        self.low = low
    }

    package var highBytes: Int64 { Int64(Double(limit) * high) }
    package var lowBytes: Int64 { Int64(Double(limit) * low) }
}

/// Which stored things go when space is short: those used longest ago, and none that is held; pure.
///
/// Only what is given counts: what others keep on the same disk neither moves nor saves anything.
package struct Eviction: Sendable {
    private let things: [StoredThing]
    /// How many things have each part.
    private var owners: [String: Int] = [:]
    private var sizes: [String: Int64] = [:]
    /// Bytes of all that is stored, each part once.
    package private(set) var taken: Int64 = 0

    package init(_ things: [StoredThing]) {
        self.things = things
        for thing in things {
            for (part, bytes) in thing.parts {
                owners[part, default: 0] += 1
                sizes[part] = max(sizes[part] ?? 0, bytes)
            }
        }
        taken = sizes.values.reduce(0, +)
    }

    /// What goes now, in order; nothing below the high mark.
    package func victims(_ marks: SpaceMarks) -> [StoredThing] {
        taken > marks.highBytes ? victims(downTo: marks.lowBytes).gone : []
    }

    /// What goes so that `bytes` more stay below the high mark; nil when they cannot, since what is there must stay.
    package func room(for bytes: Int64, _ marks: SpaceMarks) -> [StoredThing]? {
        let target = marks.highBytes - bytes
        if taken <= target { return [] }
        let (gone, left) = victims(downTo: target)
        return left <= target ? gone : nil
    }

    private func victims(downTo target: Int64) -> (gone: [StoredThing], left: Int64) {
        let kept = things.filter { $0.hold != nil }.reduce(into: Set<String>()) { $0.formUnion($1.parts.keys) }
        var owners = owners
        var left = taken
        var gone: [StoredThing] = []
        for thing in things.sorted(by: { ($0.lastUse, $0.name) < ($1.lastUse, $1.name) }) where thing.hold == nil {
            guard left > target else { break }
            // All that it has stays with something that is held: nothing would be won.
            guard thing.parts.keys.contains(where: { !kept.contains($0) }) else { continue }
            for part in thing.parts.keys {
                owners[part, default: 1] -= 1
                if owners[part] == 0 { left -= sizes[part] ?? 0 }
            }
            gone.append(thing)
        }
        return (gone, left)
    }
}
