internal import Glibc
internal import JSON
internal import Lanes
internal import LinuxKernel
internal import NIOCore
internal import ShimProtocol

/// Reads a log with the files that were rotated away, oldest first, and stays for what comes: docker's json-file, or the CRI's
/// lines, which no brace begins.
///
/// Pulled by one reader; holds one chunk of one file.
actor LogReader: LaneBound {
    nonisolated let lane = BlockingLane()
    private let path: String
    private let options: LogOptions
    private let isLive: @Sendable () -> Bool
    /// What lies behind it is not read.
    private let end: LogPosition?

    private var file: OpenLog?
    /// Files that are still to be read, oldest first; open, since a rotation changes what their names lead to.
    private var waiting: [OpenLog] = []
    private var ready: [OutputFrame] = []
    private var next = 0
    private var partial: [UInt8] = []
    private var hasBegun = false
    private var isOver = false

    private static let chunk = 64 << 10
    private static let pollInterval = Duration.milliseconds(50)

    /// `isLive` says whether more can come.
    init(path: String, options: LogOptions, end: LogPosition? = nil, isLive: @escaping @Sendable () -> Bool) {
        self.path = path
        self.options = options
        self.end = end
        self.isLive = isLive
    }

    final class OpenLog: Sendable {
        let descriptor: Descriptor
        let inode: UInt64

        /// Nil when it cannot be opened.
        init?(path: String) {
            guard let opened = try? Descriptor.open(path, O_RDONLY),
                let status = try? Files.status(of: opened.raw)
            else { return nil }
            descriptor = opened
            inode = status.inode
        }
    }

    func nextFrame() async throws -> OutputFrame? {
        if !hasBegun {
            hasBegun = true
            begin()
        }
        while true {
            if next < ready.count {
                next += 1
                return ready[next - 1]
            }
            ready.removeAll(keepingCapacity: true)
            next = 0
            if isOver { return nil }
            let wasLive = isLive()
            if fill() || isOver { continue }
            if advance() { continue }
            // Asked before the file was found empty: what was written in between is not missed.
            guard options.follow, wasLive else { return nil }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    private func begin() {
        waiting = files(after: nil)
        if let end, !waiting.contains(where: { $0.inode == end.inode }) {
            // The file of that place is rotated away for good: whatever there is lies behind it.
            isOver = true
            return
        }
        if let tail = options.tail { seek(toLast: tail) } else { openNext() }
    }

    /// The files that are newer than `known`, all when that is nil or gone; the oldest first.
    ///
    /// The newest is opened first: one that is rotated meanwhile is met again under its next name, and none is missed. While files are
    /// renamed one name after the other leads nowhere.
    private func files(after known: UInt64?) -> [OpenLog] {
        var found: [OpenLog] = []
        var (number, missing) = (0, 0)
        while missing < 2 {
            if let log = OpenLog(path: number == 0 ? path : "\(path).\(number)") {
                if log.inode == known { break }
                if !found.contains(where: { $0.inode == log.inode }) { found.append(log) }
                missing = 0
            } else {
                missing += 1
            }
            number += 1
        }
        return found.reversed()
    }

    private func openNext() {
        if !waiting.isEmpty { file = waiting.removeFirst() }
    }

    /// Starts where the last `count` lines start, in whichever file that is.
    private func seek(toLast count: Int) {
        if count == 0 {
            waiting = Array(waiting.suffix(1))
            openNext()
            if let file { lseek(file.descriptor.raw, 0, SEEK_END) }
            return
        }
        var missing = count
        for (index, log) in waiting.enumerated().reversed() {
            let (offset, found) = Self.offset(ofLast: missing, in: log.descriptor)
            missing -= found
            lseek(log.descriptor.raw, offset, SEEK_SET)
            if missing <= 0 || index == 0 {
                waiting.removeFirst(index)
                break
            }
        }
        openNext()
    }

    /// Where the last `count` lines of a file begin, and how many there are, reading backwards.
    private static func offset(ofLast count: Int, in file: borrowing Descriptor) -> (Int, found: Int) {
        var end = lseek(file.raw, 0, SEEK_END)
        var found = -1  // the newline at the very end begins no line
        while end > 0 {
            let start = max(0, end - chunk)
            lseek(file.raw, start, SEEK_SET)
            guard let bytes = read(file, end - start) else { break }
            for index in bytes.indices.reversed() where bytes[index] == 10 {
                found += 1
                if found == count { return (start + index + 1, count) }
            }
            end = start
        }
        return (0, max(0, found + 1))
    }

    private static func read(_ file: borrowing Descriptor, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let number = file.raw
        let got = bytes.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
        guard got >= 0 else { return nil }
        bytes.removeLast(count - got)
        return bytes
    }

    /// Reads on; false at the end of the file.
    private func fill() -> Bool {
        guard let file else { return false }
        var count = Self.chunk
        if let end, file.inode == end.inode {
            count = min(count, max(0, Int(clamping: end.size) - lseek(file.descriptor.raw, 0, SEEK_CUR)))
            isOver = count == 0
        }
        guard count > 0, let bytes = Self.read(file.descriptor, count), !bytes.isEmpty else { return false }
        partial += bytes
        var start = 0
        while let newline = partial[start...].firstIndex(of: 10) {
            take(Array(partial[start..<newline]))
            start = newline + 1
        }
        partial.removeSubrange(..<start)
        return true
    }

    /// Goes to the file after one that is read to its end; false when there is none.
    private func advance() -> Bool {
        // Rotated away under us: there are newer ones.
        if waiting.isEmpty { waiting = files(after: file?.inode) }
        guard !waiting.isEmpty else { return false }
        openNext()
        return true
    }

    private func take(_ line: [UInt8]) {
        guard let entry = LogEntry(line) else { return }
        guard entry.stream == .stderr ? options.stderr : options.stdout else { return }
        let written = entry.time
        if options.since != nil || options.until != nil, let time = Timestamp(rfc3339: written) {
            if let since = options.since, time < since { return }
            if let until = options.until, time > until {
                isOver = true
                return
            }
        }
        guard !isOver else { return }
        var prefix = ""
        if options.timestamps { prefix += (Timestamp(rfc3339: written)?.withNineDigits ?? written) + " " }
        if options.details {
            prefix +=
                entry.attributes.map { "\($0.key)=\($0.value.stringValue ?? "")" }.sorted().joined(separator: ",") + " "
        }
        var bytes = ByteBuffer(string: prefix)
        bytes.writeBytes(entry.text)
        ready.append(OutputFrame(stream: entry.stream, bytes: bytes))
    }
}

/// One line of a log, in either form.
struct LogEntry {
    let stream: OutputFrame.Stream
    let time: String
    let text: [UInt8]
    var attributes: JSONObject = [:]

    /// Nil for what is no line of a log.
    init?(_ line: [UInt8]) {
        if line.first == UInt8(ascii: "{") {
            guard let entry = try? JSONValue(parsing: line), let text = entry["log"]?.stringValue else { return nil }
            stream = entry["stream"]?.stringValue == "stderr" ? .stderr : .stdout
            time = entry["time"]?.stringValue ?? ""
            self.text = Array(text.utf8)
            attributes = entry["attrs"]?.objectValue ?? [:]
            return
        }
        // TIME STREAM F|P TEXT
        let parts = line.split(separator: 32, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let tag = parts[2].first else { return nil }
        stream = parts[1].elementsEqual("stderr".utf8) ? .stderr : .stdout
        time = String(decoding: parts[0], as: UTF8.self)
        text = Array(parts[3]) + (tag == UInt8(ascii: "P") ? [] : [10])
    }
}

extension Container {
    /// - Throws: ``EngineError/invalid(_:)`` when there is no log to read.
    func logs(_ options: LogOptions, upTo end: LogPosition? = nil) throws(EngineError) -> OutputStream {
        guard options.stdout || options.stderr else {
            throw .invalid("Bad parameters: you must choose at least one stream")
        }
        guard record.hostConfig.logConfig.type != "none" else {
            throw .unsupported("configured logging driver does not support reading")
        }
        let reader = LogReader(path: services.paths.log(record), options: options, end: end) { [weak self] in
            guard let self else { return false }
            switch self.seen.machine.phase {
            case .starting, .running, .paused, .restarting: return true
            case .created, .exited, .removing, .dead: return false
            }
        }
        return OutputStream { try await reader.nextFrame() }
    }
}

extension LogPosition {
    /// The end of the newest file of a log as it is now; nil when there is none.
    static func end(of path: String) -> LogPosition? {
        (try? Files.status(path)).map { LogPosition(inode: $0.inode, size: UInt64(clamping: $0.size)) }
    }
}
