/// Which watches want to hear of a change: found by its key's folders, its key, its terms, never by asking each watch.
struct WatchIndex: Sendable {
    /// Who watches: an index into the owner's table.
    typealias Number = Int

    private var byTerm: [IndexTerm: [Number]] = [:]
    private var byKey: [StoreKey: [Number]] = [:]
    /// By the hash of a folder's path; whose range does not hold the key is passed over.
    private var byFolder: [UInt64: [Number]] = [:]
    private var requests: [Number: WatchRequest] = [:]

    var count: Int { requests.count }

    mutating func add(_ number: Number, _ request: WatchRequest) {
        requests[number] = request
        switch (request.term, request.range) {
        case (let term?, _): byTerm[term, default: []].append(number)
        case (nil, .key(let key)): byKey[key, default: []].append(number)
        case (nil, .folder(let folder)): byFolder[Self.hash(folder), default: []].append(number)
        }
    }

    mutating func remove(_ number: Number) {
        guard let request = requests.removeValue(forKey: number) else { return }
        switch (request.term, request.range) {
        case (let term?, _): Self.remove(number, from: &byTerm, term)
        case (nil, .key(let key)): Self.remove(number, from: &byKey, key)
        case (nil, .folder(let folder)): Self.remove(number, from: &byFolder, Self.hash(folder))
        }
    }

    /// Calls `tell` once for each watch that wants `event`.
    func forEach(wanting event: WatchEvent, _ tell: (Number) -> Void) {
        if !byTerm.isEmpty {
            let terms = event.object?.terms ?? []
            for term in terms { visit(byTerm[term], event, tell) }
            for term in event.previous?.terms ?? [] where !terms.contains(term) { visit(byTerm[term], event, tell) }
        }
        if !byKey.isEmpty { visit(byKey[event.key], event, tell) }
        guard !byFolder.isEmpty else { return }
        var hash = Self.emptyHash
        visit(byFolder[hash], event, tell)
        for byte in event.key.path.utf8 {
            hash = Self.hash(hash, byte)
            if byte == KeyFolder.slash { visit(byFolder[hash], event, tell) }
        }
    }

    private func visit(_ numbers: [Number]?, _ event: WatchEvent, _ tell: (Number) -> Void) {
        for number in numbers ?? [] where requests[number]?.range.holds(event.key) == true { tell(number) }
    }

    private static func remove<Key: Hashable>(_ number: Number, from table: inout [Key: [Number]], _ key: Key) {
        table[key]?.removeAll { $0 == number }
        if table[key]?.isEmpty == true { table[key] = nil }
    }

    // MARK: the hash of a folder, made byte by byte while a key is read

    private static let emptyHash: UInt64 = 0xCBF2_9CE4_8422_2325

    private static func hash(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    private static func hash(_ folder: KeyFolder) -> UInt64 {
        folder.path.utf8.reduce(emptyHash) { hash($0, $1) }
    }
}
