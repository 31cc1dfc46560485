package import NIOCore

/// A connection that left HTTP behind: bytes both ways, each side ending on its own.
package struct HijackedStream: Sendable {
    private let inbox: Inbox
    private let outbox: Outbox
    private let head: HeadReceipt

    init(inbox: Inbox, outbox: Outbox, head: HeadReceipt) {
        self.inbox = inbox
        self.outbox = outbox
        self.head = head
    }

    /// What the client sends, from the first byte behind its request; `nil` when it has ended its side.
    ///
    /// One task at a time may ask.
    ///
    /// - Throws: ``ConnectionError/closed`` when the connection broke, `CancellationError`.
    package func read() async throws -> ByteBuffer? {
        switch try await inbox.next() {
        case .raw(let bytes), .body(let bytes): bytes
        case .head, .end, nil: nil
        }
    }

    /// Sends; returns when the client keeps up.
    ///
    /// - Throws: ``ConnectionError/closed`` once the client is gone.
    package func write(_ bytes: ByteBuffer) async throws {
        try await write([bytes])
    }

    /// Sends pieces in one go.
    package func write(_ pieces: [ByteBuffer]) async throws {
        await head.awaited()
        try await outbox.write(pieces)
    }
}
