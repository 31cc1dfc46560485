/// The body of an answer that is still coming.
///
/// Read to its end, it gives the connection back for the next request; dropped before, it closes it.
package final class ResponseStream {
    package let head: ResponseHead
    private let connection: Connection
    private let doing: String
    private let giveBack: (Connection) -> Void
    package private(set) var hasEnded = false

    init(
        head: ResponseHead, connection: Connection, doing: String, giveBack: @escaping (Connection) -> Void
    ) {
        self.head = head
        self.connection = connection
        self.doing = doing
        self.giveBack = giveBack
    }

    /// The socket, to be polled; ask ``readBuffered()`` first, then ``readAvailable()`` whenever it is readable.
    package var raw: Int32 { connection.raw }

    /// The next piece, blocking until there is one; `nil` at the end.
    ///
    /// - Throws: ``ClientError/ended(doing:)`` when the daemon closed in the middle.
    package func read() throws(ClientError) -> [UInt8]? {
        guard !hasEnded else { return nil }
        return try take(connection.next())
    }

    /// Everything to the end.
    package func readAll() throws(ClientError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try read() { bytes += piece }
        return bytes
    }

    /// What has arrived, without blocking when the socket is readable; ``hasEnded`` tells whether that was all.
    package func readAvailable() throws(ClientError) -> [UInt8] {
        hasEnded ? [] : try take(connection.available())
    }

    /// What came together with the head: no poll tells of it any more.
    package func readBuffered() throws(ClientError) -> [UInt8] {
        hasEnded ? [] : try take(connection.buffered())
    }

    private func take(_ events: [ResponseDecoder.Event?]) throws(ClientError) -> [UInt8] {
        var bytes: [UInt8] = []
        for event in events {
            if let piece = try take(event) { bytes += piece }
        }
        return bytes
    }

    private func take(_ event: ResponseDecoder.Event?) throws(ClientError) -> [UInt8]? {
        switch event {
        case .body(let piece): return piece
        case .end:
            hasEnded = true
            if connection.keepsAlive { giveBack(connection) }
            return nil
        case .head, nil: throw .ended(doing: doing)
        }
    }
}

/// A connection that became a stream in both directions.
package final class HijackedStream {
    package let connection: Connection
    /// What the daemon sent right behind its answer.
    package private(set) var rest: [UInt8]
    /// Whether the daemon says that outputs come in frames; `nil` when it does not say (API before 1.42).
    package let isMultiplexed: Bool?

    init(head: ResponseHead, connection: Connection) {
        self.connection = connection
        rest = connection.takeRest()
        isMultiplexed = Self.isMultiplexed(head)
    }

    /// Reads the content type that the API gives a stream since version 1.42.
    package static func isMultiplexed(_ head: ResponseHead) -> Bool? {
        // Older daemons call every stream raw: only the other name says something.
        head["content-type"] == "application/vnd.docker.multiplexed-stream" ? true : nil
    }

    /// Gives the bytes that came with the answer, once.
    package func takeRest() -> [UInt8] {
        defer { rest = [] }
        return rest
    }
}
