/// Lanes ordered by their tenant's share, the smallest first; a lane's place changes in O(log lanes).
struct FairHeap {
    private var lanes: [Int] = []
    private var shares: [Double] = []
    private var positions: [Int: Int] = [:]

    var first: Int? { lanes.first }
    var isEmpty: Bool { lanes.isEmpty }
    var members: [Int] { lanes }

    func contains(_ lane: Int) -> Bool { positions[lane] != nil }

    mutating func insert(_ lane: Int, share: Double) {
        positions[lane] = lanes.count
        lanes.append(lane)
        shares.append(share)
        rise(lanes.count - 1)
    }

    mutating func remove(_ lane: Int) {
        guard let position = positions.removeValue(forKey: lane) else { return }
        let last = lanes.count - 1
        if position != last {
            swap(position, last)
        }
        lanes.removeLast()
        shares.removeLast()
        if position != last {
            rise(position)
            sink(position)
        }
    }

    mutating func update(_ lane: Int, share: Double) {
        guard let position = positions[lane] else { return }
        shares[position] = share
        rise(position)
        sink(positions[lane] ?? position)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        shares[left] < shares[right] || shares[left] == shares[right] && lanes[left] < lanes[right]
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        lanes.swapAt(left, right)
        shares.swapAt(left, right)
        if left < lanes.count { positions[lanes[left]] = left }
        if positions[lanes[right]] != nil { positions[lanes[right]] = right }
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0, isBefore(child, (child - 1) / 2) {
            swap(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < lanes.count && isBefore(child, least) {
                least = child
            }
            if least == parent { return }
            swap(parent, least)
            parent = least
        }
    }
}
