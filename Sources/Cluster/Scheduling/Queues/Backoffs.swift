/// Pods that failed and wait a while, ordered by when they are due.
struct Backoffs {
    struct Entry {
        var due: Int64
        var pod: Int32
        var stamp: UInt32
    }

    private var heap: [Entry] = []

    var isEmpty: Bool { heap.isEmpty }

    mutating func add(_ pod: Int32, stamp: UInt32, due: Int64) {
        heap.append(Entry(due: due, pod: pod, stamp: stamp))
        var child = heap.count - 1
        while child > 0, heap[child].due < heap[(child - 1) / 2].due {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the earliest that is due by `time`.
    mutating func next(due time: Int64) -> Entry? {
        guard let first = heap.first, first.due <= time else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].due < heap[least].due
            {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// Placements that wait for their confirmation, in the order in which they end.
struct Reservations {
    private var entries: [(pod: Int32, stamp: UInt32, end: Int64)] = []
    private var first = 0

    mutating func add(_ pod: Int32, stamp: UInt32, until end: Int64) {
        entries.append((pod, stamp, end))
    }

    /// Takes out the earliest that ended by `time`, whatever became of its pod.
    mutating func next(endedBy time: Int64) -> (pod: Int32, stamp: UInt32)? {
        guard first < entries.count, entries[first].end <= time else { return nil }
        first += 1
        let entry = entries[first - 1]
        if first > 4096, first * 2 > entries.count {
            entries.removeFirst(first)
            first = 0
        }
        return (entry.pod, entry.stamp)
    }
}
