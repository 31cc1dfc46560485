internal import CLinux
internal import Glibc
package import JSON
internal import LinuxKernel

/// A small blocking client of the Docker Engine API over a Unix socket.
///
/// Connections are kept and used again. An answer of 400 or more is thrown as ``ClientError/refused(status:message:)``.
/// Used from one thread at a time; starting it costs nothing until the first request.
///
/// Source: Docker Engine API 1.48.
package final class DockerClient {
    package let endpoint: Endpoint
    /// Travels with every request of this client, so that logs on both sides can be joined.
    package let identifier: String
    /// Signals that this process keeps back; a second SIGINT or SIGTERM ends a wait for an answer.
    package var signals: SignalQueue?
    private var idle: [Connection] = []

    package init(_ endpoint: Endpoint = .standard) {
        self.endpoint = endpoint
        var random = SystemRandomNumberGenerator()
        let digits = String(random.next(), radix: 16)
        identifier = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Sends `request` and reads the whole answer.
    @discardableResult
    package func send(_ request: Request) throws(ClientError) -> Reply {
        let stream = try open(request)
        return Reply(head: stream.head, body: try stream.readAll())
    }

    @discardableResult
    package func get(_ path: String, _ query: Query = [:]) throws(ClientError) -> Reply {
        try send(Request("GET", path, query))
    }

    @discardableResult
    package func post(_ path: String, _ query: Query = [:], _ body: JSONValue? = nil) throws(ClientError) -> Reply {
        try send(Request("POST", path, query, body: body.map { .json($0) } ?? .none))
    }

    @discardableResult
    package func delete(_ path: String, _ query: Query = [:]) throws(ClientError) -> Reply {
        try send(Request("DELETE", path, query))
    }

    /// Sends `request` and reads the head of the answer; the body is read as the caller asks for it.
    package func open(_ request: Request) throws(ClientError) -> ResponseStream {
        let connection = try connect()
        let head = try exchange(request, on: connection, request.method == "HEAD" ? .headOnly : .body)
        let stream = ResponseStream(head: head, connection: connection, doing: request.doing) { [weak self] in
            self?.idle.append($0)
        }
        try refuse(head, request) { () throws(ClientError) in try stream.readAll() }
        return stream
    }

    /// Sends `request` and takes the connection over as a stream in both directions.
    ///
    /// The daemon answers 101, or 200 as daemons before Docker 1.11 did.
    package func hijack(_ request: Request) throws(ClientError) -> HijackedStream {
        try hijacked(ask(request))
    }

    /// Sends a request that will take its connection over, so that others can be asked while the daemon works on it.
    package func ask(_ request: Request) throws(ClientError) -> AskedHijack {
        let connection = try connect()
        return AskedHijack(
            request: request, connection: connection, early: try send(request, on: connection, .upgrade))
    }

    /// Awaits the answer to ``ask(_:)``.
    package func hijacked(_ asked: AskedHijack) throws(ClientError) -> HijackedStream {
        let (request, connection) = (asked.request, asked.connection)
        let head = if let early = asked.early { early } else { try head(of: request, on: connection) }
        try refuse(head, request) { () throws(ClientError) in
            try ResponseStream(head: head, connection: connection, doing: request.doing) { _ in }.readAll()
        }
        return HijackedStream(head: head, connection: connection)
    }

    private func connect() throws(ClientError) -> Connection {
        while let connection = idle.popLast() {
            guard connection.isIdle else { continue }
            connection.signals = signals
            return connection
        }
        let connection = try Connection(to: endpoint)
        connection.signals = signals
        return connection
    }

    private func exchange(
        _ request: Request, on connection: Connection, _ expecting: ResponseDecoder.Expecting
    ) throws(ClientError) -> ResponseHead {
        if let early = try send(request, on: connection, expecting) { return early }
        return try head(of: request, on: connection)
    }

    private func head(of request: Request, on connection: Connection) throws(ClientError) -> ResponseHead {
        guard case .head(let head)? = try connection.next() else { throw .ended(doing: request.doing) }
        return head
    }

    /// - Returns: The answer when it came before all was sent.
    private func send(
        _ request: Request, on connection: Connection, _ expecting: ResponseDecoder.Expecting
    ) throws(ClientError) -> ResponseHead? {
        connection.expect(expecting)
        do throws(SyscallError) {
            let start = request.encoded(identifier: identifier, upgrades: expecting == .upgrade)
            try connection.send(start[...])
            try sendBody(of: request, on: connection)
        } catch {
            // A daemon that refuses a large body answers and closes before it has read everything: the answer says why.
            guard error.errno == EPIPE || error.errno == ECONNRESET, case .head(let head)? = try? connection.next()
            else {
                throw .broken(doing: request.doing, error)
            }
            return head
        }
        return nil
    }

    private func sendBody(of request: Request, on connection: Connection) throws(SyscallError) {
        switch request.body {
        case .none, .json: return
        case .file(let descriptor):
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = try check("read") {
                    chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
                }
                try sendChunk(chunk[..<count], on: connection)
                if count == 0 { return }
            }
        case .generated(let generate):
            var failure: SyscallError?
            do throws(ClientError) {
                try generate { (piece) throws(ClientError) in
                    guard !piece.isEmpty else { return }
                    do throws(SyscallError) {
                        try self.sendChunk(piece, on: connection)
                    } catch {
                        failure = error
                        throw .broken(doing: request.doing, error)
                    }
                }
            } catch {
                throw failure ?? SyscallError("write", errno: EIO, subject: "\(error)")
            }
            try sendChunk([], on: connection)
        }
    }

    /// The empty chunk ends the body.
    private func sendChunk(_ bytes: ArraySlice<UInt8>, on connection: Connection) throws(SyscallError) {
        try connection.send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10])
    }

    private func refuse(
        _ head: ResponseHead, _ request: Request, _ body: () throws(ClientError) -> [UInt8]
    ) throws(ClientError) {
        guard head.status >= 400 else { return }
        let bytes = try body()
        let message = (try? JSONValue(parsing: bytes))?["message"]?.stringValue
        let text = message ?? String(decoding: bytes, as: UTF8.self)
        throw .refused(
            status: head.status,
            message: text.isEmpty ? "the daemon answered \(head.status) to \(request.doing)" : text)
    }
}

/// A request to take a connection over, sent and not answered yet.
package struct AskedHijack {
    fileprivate var request: Request
    fileprivate var connection: Connection
    fileprivate var early: ResponseHead?
}

/// A whole answer.
package struct Reply {
    package var head: ResponseHead
    package var body: [UInt8]

    /// The body as JSON.
    ///
    /// - Throws: ``ClientError/malformed(_:)``.
    package func json() throws(ClientError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: body)
        } catch {
            throw .malformed("\(error)")
        }
    }
}
