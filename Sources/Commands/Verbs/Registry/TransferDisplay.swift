internal import DockerClient
internal import JSON

/// Shows how layers travel: bars that move on a terminal, one line for each step elsewhere, nothing when told so.
struct TransferDisplay {
    private let session: Session
    private let shown: Int32?
    private let columns: Int?
    /// Lines on the terminal, by the id they are about.
    private var lines: [String: Int] = [:]

    init(_ session: Session, _ shown: Int32?) {
        self.session = session
        self.shown = shown
        columns = shown.flatMap { Terminal.isTerminal($0) ? Terminal.size($0).map { Int($0.columns) } ?? 80 : nil }
    }

    /// Shows `stream` to its end.
    ///
    /// - Throws: ``Failure/message(_:code:)`` when the daemon says that it failed.
    func show(_ stream: ResponseStream) throws(Failure) {
        var display = self
        var rest: [UInt8] = []
        while true {
            let piece = try asking { () throws(ClientError) in try stream.read() }
            rest += piece ?? []
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: 10) {
                try display.show(Array(rest[start..<end]))
                start = end + 1
            }
            rest.removeFirst(start)
            if piece == nil { return try display.show(rest) }
        }
    }

    private mutating func show(_ line: [UInt8]) throws(Failure) {
        guard line.contains(where: { $0 > 32 }), let message = try? JSONValue(parsing: line) else { return }
        if let text = message["errorDetail"]?["message"]?.stringValue ?? message["error"]?.stringValue {
            throw .message(text)
        }
        guard let status = message["status"]?.stringValue, !status.isEmpty else { return }
        let current = message["progressDetail"]?["current"]?.intValue
        let total = message["progressDetail"]?["total"]?.intValue
        let id = message["id"]?.stringValue
        guard let columns else {
            // A step under way is told once it is done.
            if current == nil { try write((id.map { "\($0): " } ?? "") + status + "\n") }
            return
        }
        guard let id else { return try write(status + "\n") }
        var text = "\(id): \(status)"
        if let current, let total { text += " " + Self.bar(current, of: total, width: columns - text.count - 1) }
        try replace(line: id, with: String(text.prefix(columns - 1)))
    }

    /// Goes up to the line about `id`, writes it anew and comes back.
    private mutating func replace(line id: String, with text: String) throws(Failure) {
        guard let row = lines[id] else {
            lines[id] = lines.count
            return try write(text + "\n")
        }
        let up = lines.count - row
        try write("\u{1B}[\(up)A\u{1B}[2K\r\(text)\r\u{1B}[\(up)B")
    }

    /// Such as `[=====>     ]  1.2MB/30MB`; only the numbers where there is no room.
    static func bar(_ current: Int64, of total: Int64, width: Int) -> String {
        let numbers = "\(Human.size(Double(current)))/\(Human.size(Double(total)))"
        let room = min(50, width - numbers.count - 4)
        guard room > 10 else { return numbers }
        let filled = total > 0 ? Int(min(Int64(room), current * Int64(room) / total)) : room
        let arrow = String(repeating: "=", count: filled) + (filled < room ? ">" : "")
        return "[\(arrow)\(String(repeating: " ", count: max(0, room - arrow.count)))]  \(numbers)"
    }

    private func write(_ text: String) throws(Failure) {
        guard let shown else { return }
        guard shown != session.output else {
            try session.write(text.utf8)
            return try session.flush()
        }
        do throws(ClientError) {
            try writeAll(Array(text.utf8)[...], to: shown)
        } catch {
            throw .message("standard error: \(error)")
        }
    }
}
