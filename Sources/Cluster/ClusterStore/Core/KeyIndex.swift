/// Keys in order, each with its slot.
///
/// Sorted chunks of at most ``chunk`` keys: an insertion moves a few kilobytes, whatever the number of keys.
struct KeyIndex: Sendable {
    private static let chunk = 256

    struct Entry: Sendable {
        var key: StoreKey
        var slot: Int32
    }

    /// Where a key is, or would be.
    struct Place: Comparable {
        var chunk: Int
        var offset: Int

        static func < (left: Place, right: Place) -> Bool {
            (left.chunk, left.offset) < (right.chunk, right.offset)
        }
    }

    private var chunks: [[Entry]] = []
    private(set) var count = 0

    /// Takes keys that come in order and once each, faster than one by one.
    init(ordered entries: [Entry] = []) {
        count = entries.count
        let half = Self.chunk / 2
        chunks = stride(from: 0, to: entries.count, by: half).map {
            Array(entries[$0..<min($0 + half, entries.count)])
        }
    }

    subscript(key: StoreKey) -> Int32? {
        let place = place(of: key.path)
        guard let entry = entry(at: place), entry.key == key else { return nil }
        return entry.slot
    }

    /// The key must not be there.
    mutating func insert(_ key: StoreKey, slot: Int32) {
        count += 1
        var place = place(of: key.path)
        guard !chunks.isEmpty else {
            chunks.append([Entry(key: key, slot: slot)])
            return
        }
        if place.chunk == chunks.count {  // beyond all: the last chunk grows
            place = Place(chunk: chunks.count - 1, offset: chunks[chunks.count - 1].count)
        }
        chunks[place.chunk].insert(Entry(key: key, slot: slot), at: place.offset)
        guard chunks[place.chunk].count > Self.chunk else { return }
        // Keys that come in order leave full chunks behind them, others halves.
        let isAtEnd = place.chunk == chunks.count - 1 && place.offset == Self.chunk
        let cut = isAtEnd ? Self.chunk : Self.chunk / 2
        let tail = Array(chunks[place.chunk][cut...])
        chunks[place.chunk].removeSubrange(cut...)
        chunks.insert(tail, at: place.chunk + 1)
    }

    mutating func remove(_ key: StoreKey) {
        let place = place(of: key.path)
        guard let entry = entry(at: place), entry.key == key else { return }
        count -= 1
        chunks[place.chunk].remove(at: place.offset)
        if chunks[place.chunk].isEmpty { chunks.remove(at: place.chunk) }
    }

    /// The first place whose key is not below `path`.
    func place(of path: String) -> Place {
        var (low, high) = (0, chunks.count)
        while low < high {
            let middle = (low + high) / 2
            if let last = chunks[middle].last, last.key.path < path { low = middle + 1 } else { high = middle }
        }
        guard low < chunks.count else { return Place(chunk: low, offset: 0) }
        let chunk = low
        (low, high) = (0, chunks[chunk].count)
        while low < high {
            let middle = (low + high) / 2
            if chunks[chunk][middle].key.path < path { low = middle + 1 } else { high = middle }
        }
        return Place(chunk: chunk, offset: low)
    }

    func entry(at place: Place) -> Entry? {
        place.chunk < chunks.count ? chunks[place.chunk][place.offset] : nil
    }

    func place(after place: Place) -> Place {
        place.offset + 1 < chunks[place.chunk].count
            ? Place(chunk: place.chunk, offset: place.offset + 1) : Place(chunk: place.chunk + 1, offset: 0)
    }

    /// How many keys there are from one place up to another.
    func count(from low: Place, to high: Place) -> Int {
        guard low.chunk < high.chunk else { return max(0, high.offset - low.offset) }
        let between = (low.chunk + 1..<high.chunk).reduce(0) { $0 + chunks[$1].count }
        return chunks[low.chunk].count - low.offset + between + high.offset
    }
}
