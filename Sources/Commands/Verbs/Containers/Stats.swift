internal import DockerClient
internal import Glibc
internal import JSON
internal import Units

/// What `pouch stats` does.
struct Stats: Verb {
    static let usage = Usage(
        name: "stats", synopsis: "[CONTAINER...]",
        summary: "Display a live stream of container(s) resource usage statistics", operands: Usage.atLeast(0),
        completes: .runningContainers)

    var all = false
    var format: String?
    var isOnce = false
    var isFull = false
    var containers: [String] = []

    static var flags: [Flag<Stats>] {
        [
            .toggle("all", short: "a", "Show all containers (default shows just running)", \.all),
            .text("format", formatHelp, \.format),
            .toggle("no-stream", "Disable streaming stats and only pull the first result", \.isOnce),
            .toggle("no-trunc", "Do not truncate output", \.isFull),
        ]
    }

    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        var watch = StatsWatch(session: session)
        for container in containers.isEmpty ? try listed(session) : containers {
            try watch.add(container, isNamed: !containers.isEmpty)
        }
        if isOnce {
            // A CPU's share needs two samples; a daemon that never sends the second is not waited for.
            try watch.collect(milliseconds: 3000) { $0.allSatisfy { $0.sample.hasBefore || $0.isOver } }
            return try session.write(try StatsSample.listing(watch.samples, full: isFull).text(format: format).utf8)
        }
        let isScreen = Terminal.isTerminal(session.output) && (format ?? "table").hasPrefix("table")
        if isScreen { try session.write("\u{1B}[2J".utf8) }
        while true {
            try watch.collect(milliseconds: 500) { _ in false }
            let text = try StatsSample.listing(watch.samples, full: isFull).text(format: format)
            if isScreen {
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).joined(
                    separator: "\u{1B}[K\n")
                try session.write("\u{1B}[H\(lines)\u{1B}[J".utf8)
            } else {
                try session.write(text.utf8)
            }
            try session.flush()
            if !containers.isEmpty, watch.isOver { return }
            if containers.isEmpty { try watch.follow(try listed(session)) }
        }
    }

    private func listed(_ session: Session) throws(Failure) -> [String] {
        var query = Query()
        query.add("all", all)
        return (try session.get("/containers/json", query).arrayValue ?? []).compactMap { $0["Id"]?.stringValue }
    }
}

/// The statistics of several containers, each on a connection of its own.
struct StatsWatch {
    struct Entry {
        let container: String
        let stream: ResponseStream
        var lines = JSONLines()
        var sample = StatsSample()
        var isOver = false
    }

    let session: Session
    private var entries: [Entry] = []

    init(session: Session) {
        self.session = session
    }

    var samples: [StatsSample] { entries.map(\.sample).filter { !$0.id.isEmpty } }
    var isOver: Bool { entries.allSatisfy(\.isOver) }

    /// One that went away between being listed and being asked is left out, unless the user named it.
    mutating func add(_ container: String, isNamed: Bool) throws(Failure) {
        do throws(Failure) {
            let stream = try session.open(
                Request("GET", path("containers", container, "stats"), ["stream": "1"]))
            entries.append(Entry(container: container, stream: stream))
            try read(entries.count - 1) { (stream) throws(ClientError) in try stream.readBuffered() }
        } catch {
            guard !isNamed, case .client(.refused) = error else { throw error }
        }
    }

    /// Takes up new containers and drops those that are gone.
    mutating func follow(_ containers: [String]) throws(Failure) {
        entries.removeAll { !containers.contains($0.container) || $0.isOver }
        for container in containers where !entries.contains(where: { $0.container == container }) {
            try add(container, isNamed: false)
        }
    }

    /// Reads what comes until `milliseconds` are over or `isEnough`.
    mutating func collect(milliseconds: Int64, _ isEnough: ([Entry]) -> Bool) throws(Failure) {
        let start = Timestamp.now
        while !isEnough(entries) {
            let spent = Timestamp.now.duration(since: start).inNanoseconds / 1_000_000
            guard spent < milliseconds else { return }
            var polled = entries.map { pollfd(fd: $0.isOver ? -1 : $0.stream.raw, events: Int16(POLLIN), revents: 0) }
            guard poll(&polled, nfds_t(polled.count), Int32(milliseconds - spent)) > 0 else { continue }
            for index in entries.indices where polled[index].revents != 0 {
                try read(index) { (stream) throws(ClientError) in try stream.readAvailable() }
            }
        }
    }

    private mutating func read(
        _ index: Int, _ take: (ResponseStream) throws(ClientError) -> [UInt8]
    ) throws(Failure) {
        let stream = entries[index].stream
        do throws(ClientError) {
            let bytes = try take(stream)
            for value in (try? entries[index].lines.feed(bytes)) ?? [] { entries[index].sample = StatsSample(value) }
            entries[index].isOver = stream.hasEnded
        } catch {
            entries[index].isOver = true  // the container or the daemon went away
        }
    }
}
