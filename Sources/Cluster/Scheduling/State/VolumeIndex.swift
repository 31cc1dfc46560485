internal import Units

/// The volumes that late claims choose from, and who has chosen which.
///
/// A volume is filed under the labels that its nodes must have, so that a node is asked only about volumes that it could
/// reach.
struct VolumeIndex {
    private struct Entry {
        var volume: Volume
        var claim: String?
    }

    /// A claim's volume: given back with its last user, unless a binding made it durable.
    private struct Choice {
        var volume: Int
        var users = 0
        var isDurable = false
    }

    private struct Place: Hashable {
        var storageClass: String
        var key: String
        var value: String
    }

    private var entries: [Entry?] = []
    private var numbers: [String: Int] = [:]
    private var vacant: [Int] = []
    private var byPlace: [Place: [Int]] = [:]
    private var choices: [String: Choice] = [:]
    /// Changes with every choice: what was found for claims is to be found anew.
    private(set) var version = 0
    /// How often a volume became free: then those that wait for one are worth a try.
    private(set) var releases = 0

    // MARK: What there is

    mutating func set(_ volume: Volume) {
        remove(volume.name, keepingChoice: true)
        let number = vacant.popLast() ?? entries.count
        let entry = Entry(volume: volume, claim: volume.claim)
        if number < entries.count { entries[number] = entry } else { entries.append(entry) }
        numbers[volume.name] = number
        for place in Self.places(of: volume) { byPlace[place, default: []].append(number) }
        if let claim = volume.claim {
            choices[claim] = Choice(volume: number, users: choices[claim]?.users ?? 0, isDurable: true)
        } else if let claim = choices.first(where: { $0.value.volume == number })?.key {
            entries[number]?.claim = claim
        }
    }

    mutating func remove(_ name: String) { remove(name, keepingChoice: false) }

    private mutating func remove(_ name: String, keepingChoice: Bool) {
        version += 1
        guard let number = numbers.removeValue(forKey: name), let entry = entries[number] else { return }
        for place in Self.places(of: entry.volume) {
            byPlace[place]?.removeAll { $0 == number }
            if byPlace[place]?.isEmpty == true { byPlace[place] = nil }
        }
        if !keepingChoice, let claim = entry.claim { choices[claim] = nil }
        entries[number] = nil
        vacant.append(number)
    }

    /// The claim is gone; its volume is free again.
    mutating func forget(claim: String) {
        guard let choice = choices.removeValue(forKey: claim) else { return }
        entries[choice.volume]?.claim = nil
        version += 1
    }

    /// A volume is filed once for each of its terms, or under no label when it can be reached from everywhere.
    private static func places(of volume: Volume) -> Set<Place> {
        var places: Set<Place> = []
        let anywhere = Place(storageClass: volume.storageClass, key: "", value: "")
        guard let terms = volume.nodes?.terms else { return [anywhere] }
        for term in terms {
            var values: [(key: String, value: String)] = []
            for condition in term.conditions {
                if case .isOneOf(let wanted) = condition.test { values = wanted.map { (condition.key, $0) } }
            }
            if values.isEmpty { places.insert(anywhere) }
            for (key, value) in values {
                places.insert(Place(storageClass: volume.storageClass, key: key, value: value))
            }
        }
        return places
    }

    // MARK: Choosing

    /// A volume for each claim at `node`, without those that are made there; `nil` when one finds none.
    ///
    /// The smallest claim takes the smallest volume that is large enough, so that nobody is left without who need not be.
    func choose(_ claims: [VolumeClaim], at node: Node) -> [(claim: String, volume: Int)]? {
        var chosen: [(claim: String, volume: Int)] = []
        for claim in claims.sorted(by: { ($0.size.bytes, $0.id) < ($1.size.bytes, $1.id) }) {
            if let known = choices[claim.id] {
                guard let entry = entries[known.volume], entry.volume.nodes?.matches(node.labels) ?? true else {
                    return nil
                }
                chosen.append((claim.id, known.volume))
                continue
            }
            if let found = smallest(for: claim, at: node, besides: chosen.map(\.volume)) {
                chosen.append((claim.id, found))
                continue
            }
            switch claim.making {
            case .nowhere: return nil
            case .anywhere: continue
            case .at(let nodes): guard nodes.matches(node.labels) else { return nil }
            }
        }
        return chosen
    }

    private func smallest(for claim: VolumeClaim, at node: Node, besides taken: [Int]) -> Int? {
        var best: Int?
        func consider(_ place: Place) {
            for number in byPlace[place] ?? [] {
                guard let entry = entries[number], entry.claim == nil, entry.volume.size.bytes >= claim.size.bytes,
                    entry.volume.nodes?.matches(node.labels) ?? true, !taken.contains(number)
                else { continue }
                let order = (entry.volume.size.bytes, entry.volume.name)
                if let known = best.flatMap({ entries[$0] }), (known.volume.size.bytes, known.volume.name) <= order {
                    continue
                }
                best = number
            }
        }
        consider(Place(storageClass: claim.storageClass, key: "", value: ""))
        for (key, value) in node.labels {
            consider(Place(storageClass: claim.storageClass, key: key, value: value))
        }
        return best
    }

    /// Lets a pod at `node` have its volumes.
    mutating func take(_ claims: [VolumeClaim], at node: Node) {
        for (claim, volume) in choose(claims, at: node) ?? [] {
            choices[claim, default: Choice(volume: volume)].users += 1
            entries[volume]?.claim = claim
            version += 1
        }
    }

    mutating func giveBack(_ claims: [VolumeClaim]) {
        for claim in claims {
            guard var choice = choices[claim.id], choice.users > 0 else { continue }
            choice.users -= 1
            choices[claim.id] = choice.users > 0 || choice.isDurable ? choice : nil
            guard choices[claim.id] == nil else { continue }
            entries[choice.volume]?.claim = nil
            version += 1
            releases += 1
        }
    }

    /// The pod is bound: from now on the claims have their volumes, whatever becomes of it.
    mutating func confirm(_ claims: [VolumeClaim]) {
        for claim in claims { choices[claim.id]?.isDurable = true }
    }

    /// By claim: the volumes that have been chosen.
    func chosen(_ claims: [VolumeClaim]) -> [String: String] {
        var found: [String: String] = [:]
        for claim in claims {
            if let choice = choices[claim.id], let entry = entries[choice.volume] {
                found[claim.id] = entry.volume.name
            }
        }
        return found
    }
}
