internal import HTTPTypes
internal import NIOCore

/// The body of one request as it arrives.
///
/// Reading it is what lets the client send more. A client that asked for leave to send (`Expect`) gets it with the
/// first read.
struct RequestStream: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let inbox: Inbox
    let outbox: Outbox
    let progress: BodyProgress

    struct AsyncIterator: AsyncIteratorProtocol {
        let stream: RequestStream

        mutating func next() async throws -> ByteBuffer? {
            try await stream.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(stream: self)
    }

    private func next() async throws -> ByteBuffer? {
        if progress.isComplete { return nil }
        if progress.takeLeave() {
            try await outbox.write([ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")])
        }
        switch try await inbox.next() {
        case .body(let bytes): return bytes
        case .end:
            progress.complete()
            return nil
        case .head, .raw, nil: throw ConnectionError.truncated
        }
    }
}
