/// Bytes that wait to be written to one connection, in order.
///
/// Chunks are shared: the same output on its way to three clients is held once.
struct Outbox {
    private var chunks: [[UInt8]] = []
    /// The chunk to be written next, and how much of it is written.
    private var head = 0
    private var offset = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ chunk: [UInt8]) {
        guard !chunk.isEmpty else { return }
        chunks.append(chunk)
        count += chunk.count
    }

    /// Calls `body` with the first run of bytes that wait; nothing when there are none.
    func withNext<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard head < chunks.count else { return nil }
        return chunks[head].withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
    }

    /// The first `written` bytes are gone.
    mutating func consume(_ written: Int) {
        precondition(written <= count, "more was written than was waiting")
        count -= written
        offset += written
        while head < chunks.count, offset >= chunks[head].count {
            offset -= chunks[head].count
            chunks[head] = []
            head += 1
        }
        if head == chunks.count {
            chunks = []
            head = 0
        } else if head >= 64 {
            chunks.removeFirst(head)
            head = 0
        }
    }

    mutating func removeAll() {
        self = Outbox()
    }
}
