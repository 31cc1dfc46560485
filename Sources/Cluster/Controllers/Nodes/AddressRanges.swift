/// From where nodes get the addresses of their pods.
package struct RangeSettings: Sendable {
    /// The first number of every range.
    package var network: UInt8 = 10
    /// The second number of the first range.
    package var start = 244
    /// The second numbers there are; the first range is among them, and behind the last comes the first.
    package var seconds = 128...255

    package init() {}
}

/// Which ranges of 256 addresses nodes have: `10.244.0.0/24` is the first, 32,768 are there.
///
/// A range that was given up is given again only when all others are taken: what was told about its addresses is forgotten by then.
struct AddressRanges: Sendable {
    private let settings: RangeSettings?
    private var taken: Set<Int> = []
    private var candidate = 0

    init(_ settings: RangeSettings?) {
        self.settings = settings
    }

    /// The next one that is free; `nil` when none is left, or none are given.
    mutating func next() -> String? {
        guard let settings else { return nil }
        let count = settings.seconds.count * 256
        guard taken.count < count else { return nil }
        while taken.contains(candidate) { candidate = (candidate + 1) % count }
        defer { candidate = (candidate + 1) % count }
        taken.insert(candidate)
        let second = (settings.start - settings.seconds.lowerBound + candidate / 256) % settings.seconds.count
        return "\(settings.network).\(settings.seconds.lowerBound + second).\(candidate % 256).0/24"
    }

    /// A node has it already.
    mutating func take(_ range: String) {
        if let index = index(of: range) { taken.insert(index) }
    }

    mutating func free(_ range: String) {
        if let index = index(of: range) { taken.remove(index) }
    }

    private func index(of range: String) -> Int? {
        guard let settings else { return nil }
        let parts = range.split(whereSeparator: { $0 == "." || $0 == "/" }).map { Int($0) }
        guard parts.count == 5, parts[0] == Int(settings.network), let second = parts[1], let third = parts[2],
            settings.seconds.contains(second), (0...255).contains(third)
        else { return nil }
        let place = (second - settings.start + settings.seconds.count) % settings.seconds.count
        return place * 256 + third
    }
}
