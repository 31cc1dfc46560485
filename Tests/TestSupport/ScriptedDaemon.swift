internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import Synchronization

/// A daemon made of a script: it listens on a real Unix socket, notes every request and lets a closure answer.
///
/// A thread for each connection, so that a client may wait on one and talk on another.
package final class ScriptedDaemon: Sendable {
    /// One request as it arrived.
    package struct Request: Sendable {
        package var method: String
        /// With the query.
        package var target: String
        package var fields: [String: String]
        package var body: [UInt8]
        /// Counts the connections of this daemon, from 0.
        package var connection: Int

        /// `POST /containers/create`, without the query.
        package var line: String { "\(method) \(target.prefix { $0 != "?" })" }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The daemon's end of one connection.
    package struct Channel: Sendable {
        let socket: Int32

        package func send(_ text: String) { send(Array(text.utf8)) }

        package func send(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }

        /// An answer with a JSON body.
        package func answer(_ status: Int, _ json: String = "") {
            let type = json.isEmpty ? "" : "Content-Type: application/json\r\n"
            send("HTTP/1.1 \(status) X\r\n\(type)Content-Length: \(json.utf8.count)\r\n\r\n\(json)")
        }

        /// Takes the connection over, as attach and exec do; frames follow when the stream is multiplexed.
        package func upgrade(type: String = "application/vnd.docker.multiplexed-stream") {
            send("HTTP/1.1 101 UPGRADED\r\nContent-Type: \(type)\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        }

        /// One frame of the multiplexed stream: 1 is output, 2 errors.
        package func frame(_ stream: UInt8, _ text: String) {
            let count = UInt32(text.utf8.count)
            send([stream, 0, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + text.utf8)
        }

        /// What the client sends until it closes its side.
        package func readToEnd() -> [UInt8] {
            var bytes: [UInt8] = []
            while let piece = read() { bytes += piece }
            return bytes
        }

        package func read() -> [UInt8]? {
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &chunk, chunk.count, 0)
            return count > 0 ? Array(chunk[..<count]) : nil
        }

        package func close() { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    package let path: String
    /// Of a daemon on the loopback address.
    package let port: UInt16
    private let listener: Int32
    private let seen = Mutex<[Request]>([])

    /// Listens at `path` and answers with `answer` until this object is gone.
    package convenience init(at path: String, _ answer: @escaping @Sendable (Request, Channel) -> Void) throws {
        let listener = try checkNegative("listen", path) { clinux_listen_unix(path, 16) }
        self.init(listener: listener, path: path, port: 0, answer)
    }

    /// The same on a free port of the loopback address.
    package convenience init(_ answer: @escaping @Sendable (Request, Channel) -> Void) throws {
        let (listener, port) = try Self.listenOnLoopback()
        self.init(listener: listener, path: "", port: port, answer)
    }

    private init(
        listener: Int32, path: String, port: UInt16, _ answer: @escaping @Sendable (Request, Channel) -> Void
    ) {
        self.path = path
        self.port = port
        self.listener = listener
        let note: @Sendable (Request) -> Void = { [weak self] request in
            self?.seen.withLock { $0.append(request) }
        }
        onThread {
            var number = 0
            while true {
                var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                guard poll(&entry, 1, -1) > 0 else { continue }
                let socket = accept(listener, nil, nil)
                guard socket >= 0 else { return }
                let connection = number
                number += 1
                onThread { Self.serve(socket, connection, note, answer) }
            }
        }
    }

    private static func listenOnLoopback() throws(SyscallError) -> (Int32, UInt16) {
        let listener = try check("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { (pointer) throws(SyscallError) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { (pointer) throws(SyscallError) in
                try check("bind") { bind(listener, pointer, size) }
                try check("listen") { listen(listener, 16) }
                try check("getsockname") { getsockname(listener, pointer, &size) }
            }
        }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        if !path.isEmpty { unlink(path) }
    }

    package var host: String { "unix://\(path)" }

    /// Every request so far.
    package var requests: [Request] { seen.withLock { $0 } }

    private static func serve(
        _ socket: Int32, _ connection: Int, _ note: (Request) -> Void, _ answer: (Request, Channel) -> Void
    ) {
        let channel = Channel(socket: socket)
        var buffer: [UInt8] = []
        while let request = next(channel, &buffer, connection) {
            note(request)
            answer(request, channel)
        }
        close(socket)
    }

    private static func next(_ channel: Channel, _ buffer: inout [UInt8], _ connection: Int) -> Request? {
        guard let head = take(&buffer, channel, until: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        var body: [UInt8] = []
        if let length = fields["content-length"].flatMap(Int.init) {
            body = take(&buffer, channel, count: length)
        } else if fields["transfer-encoding"] == "chunked" {
            while let line = take(&buffer, channel, until: [13, 10]) {
                let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) ?? 0
                body += take(&buffer, channel, count: size)
                _ = take(&buffer, channel, count: 2)
                if size == 0 { break }
            }
        }
        return Request(method: words[0], target: words[1], fields: fields, body: body, connection: connection)
    }

    private static func take(_ buffer: inout [UInt8], _ channel: Channel, until mark: [UInt8]) -> [UInt8]? {
        while true {
            for end in buffer.indices where buffer[end...].starts(with: mark) {
                let bytes = Array(buffer[..<(end + mark.count)])
                buffer.removeFirst(end + mark.count)
                return bytes
            }
            // What begins like TLS is no request: whoever tries it is to see at once that nobody speaks it here.
            if buffer.first == 0x16 { return nil }
            guard let piece = channel.read() else { return nil }
            buffer += piece
        }
    }

    private static func take(_ buffer: inout [UInt8], _ channel: Channel, count: Int) -> [UInt8] {
        while buffer.count < count, let piece = channel.read() { buffer += piece }
        defer { buffer.removeFirst(min(count, buffer.count)) }
        return Array(buffer.prefix(count))
    }
}

/// Runs `body` on a thread that nobody waits for.
private func onThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let started = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<ScriptedJob>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(ScriptedJob(body)).toOpaque())
    precondition(started == 0, "a test could not start a thread")
    pthread_detach(thread)
}

private final class ScriptedJob: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
