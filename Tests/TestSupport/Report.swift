internal import Glibc
package import LinuxKernel

/// One measured figure, beside what the best of the others needs for the same thing in the same run.
package struct Row {
    /// A dotted name that never changes its meaning, such as `runtime.run`.
    package var name: String
    package var value: Double
    package var unit: String
    /// Whom it was measured against, with the figure; `nil` when the bar is absolute.
    package var peer: (name: String, value: Double)?
    /// What the ratio to the peer, or the value itself without a peer, may be.
    package var bar: Bar

    package init(
        name: String, value: Double, unit: String, peer: (name: String, value: Double)? = nil, bar: Bar
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.peer = peer
        self.bar = bar
    }

    /// Ours over theirs.
    package var ratio: Double? { peer.map { value / $0.value } }
    package var isMet: Bool { bar.isMet(by: ratio ?? value) }
}

/// A promise with a number.
package enum Bar: CustomStringConvertible {
    case atMost(Double)
    case atLeast(Double)
    /// Printed for the reader, promised to nobody.
    case none

    func isMet(by figure: Double) -> Bool {
        switch self {
        case .atMost(let limit): figure <= limit
        case .atLeast(let limit): figure >= limit
        case .none: true
        }
    }

    package var description: String {
        switch self {
        case .atMost(let limit): "<=\(short(limit))"
        case .atLeast(let limit): ">=\(short(limit))"
        case .none: "-"
        }
    }
}

/// Collects rows, prints each as it comes, writes them all at the end.
package struct Report {
    package private(set) var rows: [Row] = []

    package init() {}

    static let heading = ["name", "value", "unit", "peer", "ratio", "bar", "verdict"]

    package mutating func add(_ row: Row) {
        if rows.isEmpty { print(Report.line(Report.heading)) }
        rows.append(row)
        print(Report.line(Report.cells(row, peerName: true)))
        fflush(nil)
    }

    /// Writes `path`: name, value, unit, peer's value, ratio, bar, verdict, separated by tabs.
    package func write(to path: String) throws(SyscallError) {
        let lines = rows.map { Report.cells($0, peerName: false).joined(separator: "\t") }
        try WholeFile.replace(path, with: Array((lines.joined(separator: "\n") + "\n").utf8), mode: 0o644)
    }

    private static func cells(_ row: Row, peerName: Bool) -> [String] {
        let peer = row.peer.map { peerName ? "\(short($0.value)) (\($0.name))" : short($0.value) } ?? "-"
        return [
            row.name, short(row.value), row.unit, peer, row.ratio.map(short) ?? "-", row.bar.description,
            row.isMet ? "ok" : "short",
        ]
    }

    private static func line(_ cells: [String]) -> String {
        let widths = [30, 10, 12, 20, 8, 9, 7]
        return zip(cells, widths).map { cell, width in cell + String(repeating: " ", count: max(1, width - cell.count))
        }
        .joined()
    }
}

/// Three significant digits, no exponent.
package func short(_ value: Double) -> String {
    let digits = abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : abs(value) >= 1 ? 2 : 3
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value * scale).rounded() / scale
    return digits == 0 ? "\(Int(scaled))" : "\(scaled)"
}

extension [Double] {
    /// The middle value; the benchmarks quote nothing else.
    package var median: Double {
        let ordered = sorted()
        guard !ordered.isEmpty else { return .nan }
        let middle = ordered.count / 2
        return ordered.count.isMultiple(of: 2) ? (ordered[middle - 1] + ordered[middle]) / 2 : ordered[middle]
    }
}
