internal import Glibc
internal import Logging
internal import Synchronization
internal import Units

/// Log lines on standard error, as text or JSON, with a level that can change while the daemon runs.
struct DaemonLog: LogHandler {
    /// What a reload may change, shared by every logger.
    final class Threshold: Sendable {
        private let value: Mutex<Logger.Level>
        init(_ level: Logger.Level) { value = Mutex(level) }
        var level: Logger.Level {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }

    let threshold: Threshold
    let isJSON: Bool
    var metadata: Logger.Metadata = [:]

    init(threshold: Threshold, isJSON: Bool) {
        self.threshold = threshold
        self.isJSON = isJSON
    }

    var logLevel: Logger.Level {
        get { threshold.level }
        set { threshold.level = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var facts = metadata
        if let more = event.metadata { facts.merge(more) { $1 } }
        let pairs =
            [
                ("time", Timestamp.now.description), ("level", Self.name(event.level)),
                ("msg", event.message.description),
            ]
            + facts.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        let line = isJSON ? Self.json(pairs) : Self.text(pairs)
        let bytes = Array((line + "\n").utf8)
        // One write per line keeps lines of several threads apart; a log that cannot be written is nobody's error.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .trace: "trace"
        case .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warning"
        case .error: "error"
        case .critical: "fatal"
        }
    }

    private static func text(_ pairs: [(String, String)]) -> String {
        pairs.map { name, value in
            let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 34 && $0 != 61 }
            return "\(name)=" + (isPlain && name != "msg" && name != "time" ? value : quoted(value))
        }.joined(separator: " ")
    }

    private static func json(_ pairs: [(String, String)]) -> String {
        "{" + pairs.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
