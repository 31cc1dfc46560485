/// What attached clients typed and a process has not read yet.
///
/// Holds at most `limit` bytes and one frame more: `isFull` stops the reading of the connections that feed it.
struct InputFunnel {
    static let limit = 64 << 10

    private enum End {
        /// More may come.
        case open
        /// The process's stdin is to be closed when everything is written.
        case afterRest
        case closed
    }

    private var waiting = Outbox()
    private var end: End

    /// - Parameter isOpen: Whether the process has a stdin that can be written to.
    init(isOpen: Bool) {
        end = isOpen ? .open : .closed
    }

    var count: Int { waiting.count }
    var isFull: Bool { waiting.count >= Self.limit }
    var isClosed: Bool { end == .closed }
    var hasWaiting: Bool { !waiting.isEmpty }

    /// Takes what a client sent; after the end it is thrown away, as a closed pipe would.
    mutating func push(_ bytes: [UInt8]) {
        if end == .open { waiting.append(bytes) }
    }

    /// No more will come.
    ///
    /// - Returns: Whether stdin is to be closed now.
    mutating func finish() -> Bool {
        guard end == .open else { return false }
        end = waiting.isEmpty ? .closed : .afterRest
        return end == .closed
    }

    func withNext<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        waiting.withNext(body)
    }

    /// The process's pipe took `count` bytes.
    ///
    /// - Returns: Whether stdin is to be closed now.
    mutating func wrote(_ count: Int) -> Bool {
        waiting.consume(count)
        guard waiting.isEmpty, end == .afterRest else { return false }
        end = .closed
        return true
    }

    /// The process does not read any more: what waits is thrown away.
    mutating func abandon() {
        waiting.removeAll()
        end = .closed
    }
}
