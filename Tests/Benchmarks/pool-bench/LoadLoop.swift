internal import CLinux
internal import Glibc

/// Drives connections from one thread: requests out, as fast as answers come or at a rate; what watches see counted.
final class LoadLoop {
    private let port: UInt16
    private let epoll = clinux_epoll_create()
    private var watches: [LoadConnection] = []
    private var writers: [LoadConnection] = []
    private var renewers: [LoadConnection] = []
    /// How many nodes renew their leases, which is next, and when it is due.
    private var renewing = 0
    private var nextRenewal = 0
    private var renewalDue: UInt64 = 0
    private var scratch = [UInt8](repeating: 0, count: 256 * 1024)
    private var openWatches = 0
    /// When each pod was due, and when a node's watch saw it.
    private var due: [UInt64] = []
    private var seen: [UInt64] = []
    private(set) var seenCount = 0
    private var answered = 0
    private var refused = 0

    init(port: UInt16, writers count: Int) throws {
        self.port = port
        writers = try (0..<count).map { _ in try LoadConnection(port: port) }
        for (index, writer) in writers.enumerated() { add(writer, token: UInt64(index)) }
    }

    deinit { close(epoll) }

    private func add(_ connection: LoadConnection, token: UInt64) {
        _ = clinux_epoll_add(epoll, connection.socket, UInt32(CLINUX_READY_INPUT), token)
    }

    /// Opens a watch of the pods of each node; returns when the server has answered all.
    func watch(nodes: Int, after revision: String) throws {
        for node in 0..<nodes {
            let connection = try LoadConnection(port: port)
            add(connection, token: UInt64(1 << 32 | node))
            watches.append(connection)
            let path =
                "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=\(revision)"
                + "&timeoutSeconds=3000&fieldSelector=spec.nodeName%3Dnode-\(node)"
            try connection.send(Array("GET \(path) HTTP/1.1\r\nHost: pool\r\n\r\n".utf8))
            if node % 256 == 255 { try turn(milliseconds: 0) }
        }
        try until("watches are open", seconds: 120) { openWatches == nodes }
    }

    /// From now on each node renews its lease every ten seconds, whatever else is sent.
    func renewLeases(of nodes: Int) throws {
        renewing = nodes
        renewalDue = monotonic()
        renewers = try (0..<8).map { _ in try LoadConnection(port: port) }
        for (index, renewer) in renewers.enumerated() { add(renewer, token: UInt64(1 << 33 | index)) }
    }

    private func renew() throws {
        guard renewing > 0 else { return }
        let now = monotonic()
        for renewer in renewers where !renewer.isBusy && renewalDue <= now {
            renewer.isBusy = true
            try renewer.send(LoadRequests.renewal(nextRenewal % renewing, round: nextRenewal / renewing))
            nextRenewal += 1
            renewalDue += 10_000_000_000 / UInt64(renewing)
        }
    }

    /// Sends `count` requests that `make` writes, and waits for their answers.
    ///
    /// With a `rate` they are due that often, whether answers come or not; what is late counts from when it was due.
    func send(
        _ count: Int, rate: Double? = nil, make: (Int) -> [UInt8], andThen isDone: () -> Bool = { true }
    ) throws {
        (answered, refused) = (0, 0)
        due = Array(repeating: 0, count: count)
        var next = 0
        let start = monotonic()
        try until("requests are answered", seconds: 300) {
            let now = monotonic()
            for writer in writers where !writer.isBusy && next < count {
                let time = rate.map { start + UInt64(Double(next) / $0 * 1e9) } ?? now
                guard time <= now else { break }
                due[next] = time
                writer.isBusy = true
                try writer.send(make(next))
                next += 1
            }
            return answered == count && isDone()
        }
        guard refused == 0 else { throw BenchmarkError("\(refused) of \(count) requests were refused") }
    }

    /// Creates pods, and waits until watches of nodes have shown all of them; gives how long each took, in seconds.
    func createPods(_ count: Int, rate: Double? = nil, make: (Int) -> [UInt8]) throws -> [Double] {
        seen = Array(repeating: 0, count: count)
        seenCount = 0
        try send(count, rate: rate, make: make) { seenCount == count }
        return zip(due, seen).map { Double($1 - min($0, $1)) / 1e9 }
    }

    private func until(_ what: String, seconds: Int, _ isDone: () throws -> Bool) throws {
        let end = monotonic() + UInt64(seconds) * 1_000_000_000
        while try !isDone() {
            guard monotonic() < end else {
                throw BenchmarkError(
                    "gave up after \(seconds) s until \(what): \(answered) answered, \(seenCount) seen, "
                        + "\(openWatches) watches")
            }
            try renew()
            try turn(milliseconds: 1)
        }
    }

    private func turn(milliseconds: Int32) throws {
        var reports = [clinux_ready](repeating: clinux_ready(), count: 32)
        var wait = milliseconds
        while true {
            let count = clinux_epoll_wait(epoll, &reports, 32, wait)
            guard count > 0 else { return }
            for report in reports[..<Int(count)] { try take(report.token) }
            guard count == 32 else { return }
            wait = 0
        }
    }

    private func take(_ token: UInt64) throws {
        if token >> 33 == 1 {
            let renewer = renewers[Int(token & 0xFF)]
            guard renewer.receive(into: &scratch) else { throw BenchmarkError("the server closed a connection") }
            if renewer.answer() != nil { renewer.isBusy = false }
            return
        }
        if token >> 32 == 0 {
            let writer = writers[Int(token)]
            guard writer.receive(into: &scratch) else { throw BenchmarkError("the server closed a connection") }
            guard let status = writer.answer() else { return }
            writer.isBusy = false
            answered += 1
            if status >= 300 { refused += 1 }
            return
        }
        let watch = watches[Int(token & 0xFFFF_FFFF)]
        guard watch.receive(into: &scratch) else { throw BenchmarkError("the server closed a watch") }
        watch.lines { line in
            if line.starts(with: "HTTP/1.1 200".utf8) { openWatches += 1 }
            guard line.starts(with: "{\"type\":\"ADDED\"".utf8) else { return }
            if let pod = Self.pod(in: line), pod < seen.count, seen[pod] == 0 {
                seen[pod] = monotonic()
                seenCount += 1
            }
        }
    }

    /// The number of the pod that a line is about.
    private static func pod(in line: ArraySlice<UInt8>) -> Int? {
        let bytes = Array(line)
        guard var place = LoadConnection.find("\"name\":\"load-", in: bytes, from: 0) else { return nil }
        place += 13
        while bytes[place] != UInt8(ascii: "-") { place += 1 }
        place += 1
        var number = 0
        while bytes[place] >= 48, bytes[place] <= 57 {
            number = number * 10 + Int(bytes[place] - 48)
            place += 1
        }
        return number
    }
}
