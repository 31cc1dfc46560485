internal import Units

/// What happened, in order, for as long as it is remembered.
///
/// A change of an ephemeral key gives way to the next one of that key: what is left of it is a hole.
struct EventLog: Sendable {
    struct Entry: Sendable {
        var event: WatchEvent
        var slot: Int32
    }

    private var entries: [Entry?] = []
    /// Entries before this one are forgotten; they leave the array now and then.
    private var start = 0
    /// The sequence number of `entries[0]`.
    private var base = 0
    /// One for each second in which something happened: what comes from `sequence` on, up to the next mark, is of that second.
    private var marks: [(sequence: Int, time: Timestamp)] = []

    var count: Int { entries.count - start }
    /// The sequence number of the oldest entry.
    var first: Int { base + start }
    /// The sequence number that the next entry gets.
    var end: Int { base + entries.count }

    subscript(sequence: Int) -> Entry? { entries[sequence - base] }

    mutating func append(_ entry: Entry, at now: Timestamp) {
        if marks.last.map({ now.seconds > $0.time.seconds }) ?? true { marks.append((end, now)) }
        entries.append(entry)
    }

    mutating func removeLast() -> Entry? { entries.popLast() ?? nil }

    mutating func makeHole(at sequence: Int) {
        if sequence >= first { entries[sequence - base] = nil }
    }

    /// Takes out the oldest entry; `nil` when it was a hole.
    mutating func removeFirst() -> Entry? {
        guard start < entries.count else { return nil }
        let entry = entries[start]
        entries[start] = nil
        start += 1
        if start > 1024, start * 2 > entries.count {
            entries.removeFirst(start)
            base += start
            start = 0
        }
        return entry
    }

    /// The first entry that happened after `revision`.
    func sequence(after revision: Revision) -> Int {
        var (low, high) = (start, entries.count)
        while low < high {
            let middle = (low + high) / 2
            var probe = middle  // a hole has no revision: its next neighbour that is none has
            while probe < high, entries[probe] == nil { probe += 1 }
            if probe < high, let entry = entries[probe], entry.event.revision <= revision {
                low = probe + 1
            } else {
                high = middle
            }
        }
        return base + low
    }

    /// How many of the oldest entries are from before `time`, to the second.
    mutating func count(before time: Timestamp) -> Int {
        while marks.count > 1, marks[1].sequence <= first { marks.removeFirst() }
        guard let last = marks.lastIndex(where: { $0.time.advanced(by: .seconds(1)) <= time }) else { return 0 }
        let until = last + 1 < marks.count ? marks[last + 1].sequence : end
        return max(0, min(until, end) - first)
    }
}
