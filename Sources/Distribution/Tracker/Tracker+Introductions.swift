internal import Pieces

/// Who is told of whom.
extension Tracker {
    /// New neighbours for a node: half of them near and idle, half of them anybody, so that racks do not become islands.
    mutating func introductions(for value: Announcement, in number: Int) -> [Contact] {
        let wanted = min(value.wanted, configuration.mostPeers)
        let count = swarms[number].members.count
        guard wanted > 0, count > 1 else { return [] }
        var chosen: [Int] = []
        var seen: Set<Int> = []
        if count <= wanted + 1 {
            chosen = (0..<count).filter { isUseful($0, for: value, in: number) }
            shuffle(&chosen)
        } else {
            var candidates: [Int] = []
            for _ in 0..<wanted * 6 where candidates.count < wanted * 3 {
                let index = random.below(count)
                if isUseful(index, for: value, in: number), seen.insert(index).inserted { candidates.append(index) }
            }
            let near = candidates.map { (index: $0, score: score(swarms[number].members[$0], for: value)) }
                .sorted { $0.score > $1.score }.prefix(wanted / 2).map(\.index)
            let taken = Set(near)
            chosen = near + candidates.filter { !taken.contains($0) }.prefix(wanted - near.count)
        }
        for index in chosen { swarms[number].members[index].named += 1 }
        return chosen.prefix(wanted).map { swarms[number].members[$0].contact }
    }

    private func isUseful(_ index: Int, for value: Announcement, in number: Int) -> Bool {
        let member = swarms[number].members[index]
        return member.contact.id != value.contact.id && !(member.isComplete && value.phase == .complete)
    }

    private func score(_ member: Member, for value: Announcement) -> Double {
        var score = -0.25 * Double(member.named)
        if !value.contact.zone.isEmpty, member.contact.zone == value.contact.zone { score += 1 }
        if !value.contact.rack.isEmpty, member.contact.rack == value.contact.rack { score += 1 }
        if member.have.hasMore(than: value.have) { score += 0.5 }
        return score
    }

    private mutating func shuffle(_ indexes: inout [Int]) {
        guard indexes.count > 1 else { return }
        for place in stride(from: indexes.count - 1, to: 0, by: -1) {
            indexes.swapAt(place, random.below(place + 1))
        }
    }
}
