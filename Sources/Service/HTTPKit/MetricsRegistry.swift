internal import Synchronization

/// Counts what a daemon does, and writes it as Prometheus reads it.
///
/// A series is a name with its labels; names are documented in `Specs/metrics.md`. Cheap enough for every request: one
/// lock, one dictionary look-up.
package final class MetricsRegistry: Sendable {
    package typealias Labels = [(name: String, value: String)]

    /// Upper bounds in seconds; the last bucket, without a bound, is implied.
    static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    fileprivate struct Histogram {
        var buckets = [UInt64](repeating: 0, count: MetricsRegistry.bounds.count)
        var sum = 0.0
        var count: UInt64 = 0
    }

    private struct Family {
        var kind: String
        var help: String
        var values: [String: Double] = [:]
        var histograms: [String: Histogram] = [:]
        /// Asked when somebody reads the metrics.
        var gauges: [String: @Sendable () -> Double] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    /// Adds to a counter, whose name ends in `_total`.
    package func count(_ name: String, help: String, labels: Labels = [], by amount: Double = 1) {
        let key = Self.key(labels)
        families.withLock { families in
            families[name, default: Family(kind: "counter", help: help)].values[key, default: 0] += amount
        }
    }

    /// Enters how long something took into a histogram, whose name ends in `_seconds`.
    package func observe(_ name: String, help: String, labels: Labels = [], _ time: Duration) {
        let (whole, parts) = time.components
        let seconds = Double(whole) + Double(parts) / 1e18
        let key = Self.key(labels)
        families.withLock { families in
            families[name, default: Family(kind: "histogram", help: help)]
                .histograms[key, default: Histogram()].enter(seconds)
        }
    }

    /// Names a value that is asked for whenever the metrics are read; `value` must not block.
    package func gauge(
        _ name: String, help: String, labels: Labels = [], value: @escaping @Sendable () -> Double
    ) {
        let key = Self.key(labels)
        families.withLock { $0[name, default: Family(kind: "gauge", help: help)].gauges[key] = value }
    }

    /// The same for something that is counted elsewhere and only grows; its name ends in `_total`.
    package func counter(
        _ name: String, help: String, labels: Labels = [], value: @escaping @Sendable () -> Double
    ) {
        let key = Self.key(labels)
        families.withLock { $0[name, default: Family(kind: "counter", help: help)].gauges[key] = value }
    }

    /// Everything, in the Prometheus text format, version 0.0.4.
    package func text() -> String {
        let families = families.withLock { $0 }
        var lines: [String] = []
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            lines.append("# HELP \(name) \(family.help)")
            lines.append("# TYPE \(name) \(family.kind)")
            for (labels, gauge) in family.gauges.sorted(by: { $0.key < $1.key }) {
                lines.append("\(name)\(Self.braced(labels)) \(Self.number(gauge()))")
            }
            for (labels, value) in family.values.sorted(by: { $0.key < $1.key }) {
                lines.append("\(name)\(Self.braced(labels)) \(Self.number(value))")
            }
            for (labels, histogram) in family.histograms.sorted(by: { $0.key < $1.key }) {
                lines += Self.lines(of: histogram, name, labels)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(of histogram: Histogram, _ name: String, _ labels: String) -> [String] {
        let prefix = labels.isEmpty ? "" : labels + ","
        var lines = zip(bounds, histogram.buckets).map { bound, count in
            "\(name)_bucket{\(prefix)le=\"\(number(bound))\"} \(count)"
        }
        lines.append("\(name)_bucket{\(prefix)le=\"+Inf\"} \(histogram.count)")
        lines.append("\(name)_sum\(braced(labels)) \(histogram.sum)")
        lines.append("\(name)_count\(braced(labels)) \(histogram.count)")
        return lines
    }

    private static func key(_ labels: Labels) -> String {
        labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 34 || $0 == 92 || $0 == 10 }) else { return value }
        var text = ""
        for character in value {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
        return text
    }

    private static func braced(_ labels: String) -> String {
        labels.isEmpty ? "" : "{\(labels)}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : "\(value)"
    }
}

extension MetricsRegistry.Histogram {
    fileprivate mutating func enter(_ seconds: Double) {
        for (index, bound) in MetricsRegistry.bounds.enumerated() where seconds <= bound { buckets[index] += 1 }
        sum += seconds
        count += 1
    }
}
