package import JSON
package import Units

/// Something worth telling a person about an object: what becomes a core/v1 Event.
package struct EventRecord: Sendable, Hashable {
    package enum Severity: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package var kind: String
    package var namespace: String
    package var name: String
    package var uid: String
    package var severity: Severity
    /// One word, such as `FailedScheduling`.
    package var reason: String
    package var message: String

    package init(
        kind: String = "Pod", namespace: String, name: String, uid: String, severity: Severity = .normal,
        reason: String, message: String
    ) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.severity = severity
        self.reason = reason
        self.message = message
    }

    package init(
        pod key: String, uid: String, severity: Severity = .normal, reason: String, message: String
    ) {
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        self.init(
            namespace: parts.count == 2 ? parts[0] : "default", name: parts.last ?? key, uid: uid, severity: severity,
            reason: reason, message: message)
    }
}

/// Turns records into as few Event objects as tell the same: equal ones are counted, and an object that talks too much is cut off.
///
/// Where thousands of things go well each second, not each of them is told: two thousand at once, then two hundred a second.
/// Warnings always are.
///
/// Source: Kubernetes, `client-go/tools/record`: 25 at once for each object, then one in five minutes.
package struct EventAggregator: Sendable {
    package enum Order: Sendable, Equatable {
        case create(namespace: String, JSONValue)
        case count(namespace: String, name: String, JSONValue)
    }

    private struct Known {
        var name: String
        var count: Int
        var last: Timestamp
    }
    private struct Source: Hashable {
        var uid: String
        var name: String
    }

    private static let burst = 25.0
    private static let refill = 1.0 / 300
    private static let remembered = 4096
    private static let normalBurst = 2000.0
    private static let normalRefill = 200.0

    private let component: String
    private let host: String
    private var known: [EventRecord: Known] = [:]
    private var allowance: [Source: (left: Double, at: Timestamp)] = [:]
    private var normal: (left: Double, at: Timestamp)?

    package init(component: String, host: String = "") {
        self.component = component
        self.host = host
    }

    /// `nil` when nothing is to be written.
    package mutating func order(_ record: EventRecord, at now: Timestamp) -> Order? {
        if known.count > Self.remembered {
            known = [:]
            allowance = [:]
        }
        if record.severity == .normal {
            let (left, at) = normal ?? (Self.normalBurst, now)
            let more = max(0, now.duration(since: at) / .seconds(1)) * Self.normalRefill
            let allowed = min(Self.normalBurst, left + more)
            normal = (allowed - (allowed >= 1 ? 1 : 0), now)
            guard allowed >= 1 else { return nil }
        }
        guard spend(Source(uid: record.uid, name: record.name), at: now) else { return nil }
        if var before = known[record] {
            before.count += 1
            before.last = now
            known[record] = before
            let body: JSONValue = [
                "count": JSONValue(number: before.count), "lastTimestamp": .string(now.wholeSeconds),
            ]
            return .count(namespace: namespace(of: record), name: before.name, body)
        }
        let name = "\(record.name).\(String(UInt64(bitPattern: now.nanoseconds) &+ UInt64(known.count), radix: 16))"
        known[record] = Known(name: name, count: 1, last: now)
        return .create(namespace: namespace(of: record), object(record, name: name, at: now))
    }

    /// The object of a record was not there to be counted on: the next is a new one.
    package mutating func forget(_ record: EventRecord) {
        known[record] = nil
    }

    private func namespace(of record: EventRecord) -> String {
        record.namespace.isEmpty ? "default" : record.namespace
    }

    private mutating func spend(_ source: Source, at now: Timestamp) -> Bool {
        var (left, at) = allowance[source] ?? (Self.burst, now)
        let seconds = Double(now.duration(since: at).inNanoseconds) / 1e9
        left = min(Self.burst, left + max(0, seconds) * Self.refill)
        guard left >= 1 else {
            allowance[source] = (left, now)
            return false
        }
        allowance[source] = (left - 1, now)
        return true
    }

    private func object(_ record: EventRecord, name: String, at now: Timestamp) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string(name), "namespace": .string(namespace(of: record))],
            "involvedObject": [
                "apiVersion": "v1", "kind": .string(record.kind), "namespace": .string(record.namespace),
                "name": .string(record.name), "uid": .string(record.uid),
            ],
            "reason": .string(record.reason), "message": .string(record.message),
            "type": .string(record.severity.rawValue), "count": 1,
            "firstTimestamp": .string(now.wholeSeconds), "lastTimestamp": .string(now.wholeSeconds),
            "source": ["component": .string(component), "host": .string(host)],
            "reportingComponent": .string(component), "reportingInstance": .string(host),
        ]
    }
}

extension Timestamp {
    /// RFC 3339 without a fraction: the API's `Time`.
    package var wholeSeconds: String { Timestamp(seconds: seconds).description }

    /// RFC 3339 with microseconds: the API's `MicroTime`.
    package var microseconds: String {
        let whole = wholeSeconds.dropLast()
        let digits = String(nanosecond / 1000)
        return "\(whole).\(String(repeating: "0", count: 6 - digits.count))\(digits)Z"
    }
}
