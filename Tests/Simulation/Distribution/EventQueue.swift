internal import Pieces

/// What is still to happen, earliest first; things of one moment in the order in which they were put in.
struct EventQueue<Payload> {
    private struct Key {
        var time: Int64
        var order: UInt64
        var slot: Int32

        func isBefore(_ other: Key) -> Bool {
            time != other.time ? time < other.time : order < other.order
        }
    }

    private var heap: [Key] = []
    private var payloads: [Payload?] = []
    private var vacant: [Int32] = []
    private var order: UInt64 = 0

    var count: Int { heap.count }

    mutating func push(_ payload: Payload, at time: Instant) {
        let slot: Int32
        if let free = vacant.popLast() {
            slot = free
            payloads[Int(free)] = payload
        } else {
            slot = Int32(payloads.count)
            payloads.append(payload)
        }
        order += 1
        heap.append(Key(time: time.nanoseconds, order: order, slot: slot))
        rise(heap.count - 1)
    }

    mutating func pop() -> (time: Instant, payload: Payload)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        guard let payload = payloads[Int(first.slot)].take() else { return nil }
        vacant.append(first.slot)
        return (Instant(nanoseconds: first.time), payload)
    }

    private mutating func rise(_ start: Int) {
        var index = start
        let key = heap[index]
        while index > 0 {
            let parent = (index - 1) / 4
            guard key.isBefore(heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = key
    }

    private mutating func sink() {
        var index = 0
        let key = heap[0]
        while true {
            let first = index * 4 + 1
            guard first < heap.count else { break }
            var least = first
            for child in (first + 1)..<max(first + 1, min(first + 4, heap.count))
            where heap[child].isBefore(heap[least]) {
                least = child
            }
            guard heap[least].isBefore(key) else { break }
            heap[index] = heap[least]
            index = least
        }
        heap[index] = key
    }
}
