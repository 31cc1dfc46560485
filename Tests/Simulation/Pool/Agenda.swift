/// What is to happen, in the order of virtual time; of things at the same time, in the order in which they were planned.
struct Agenda<Happening> {
    private struct Entry {
        var time: Int64
        var order: Int
        var happening: Happening

        func precedes(_ other: Entry) -> Bool { (time, order) < (other.time, other.order) }
    }

    private var heap: [Entry] = []
    private var planned = 0
    /// Microseconds since the simulation began.
    private(set) var now: Int64 = 0

    mutating func plan(_ happening: Happening, in microseconds: Int64) {
        heap.append(Entry(time: now + max(0, microseconds), order: planned, happening: happening))
        planned += 1
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next(before end: Int64) -> Happening? {
        guard let first = heap.first, first.time <= end else {
            now = max(now, end)
            return nil
        }
        now = first.time
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].precedes(heap[least]) { least = child }
            }
            if least == parent { return first.happening }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
