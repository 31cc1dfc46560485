/// Some of many: a number, or a share such as `10%`.
package enum Amount: Equatable, Sendable {
    case count(Int)
    /// Of a hundred.
    case percent(Double)

    /// Reads `5` or `2.5%`; nil for anything else.
    package init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let share = Double(text.dropLast()), (0...100).contains(share) else { return nil }
            self = .percent(share)
        } else {
            guard let count = Int(text), count >= 0 else { return nil }
            self = .count(count)
        }
    }

    package var text: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let share): share == share.rounded() ? "\(Int(share))%" : "\(share)%"
        }
    }

    /// How many of `total` that is at most; parts of one do not count.
    package func most(of total: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let share): Int(Double(total) * share / 100)
        }
    }
}
