package import Identity
package import LinuxKernel
internal import Synchronization

/// One request to a peer or the tracker.
package struct TransferRequest: Sendable {
    package var method: String
    /// Without the query.
    package var path: String
    package var query: String
    /// What its certificate says of the caller; nil on a plain port, or without a certificate.
    package var caller: NodeIdentity?
    /// On a plain port, which node the caller says it is; nobody proved it.
    package var claimedNumber: UInt64?
    /// Where it comes from.
    package var address: String
    /// The value of `Range`, of `Pouch-Grant` and of `Pouch-Urgency`.
    package var range: String?
    package var grant: String?
    package var isBackground: Bool
    /// At most ``TransferServer/longestBody`` bytes.
    package var body: [UInt8]
}

/// What is sent back.
package enum TransferAnswer: Sendable {
    case bytes(status: Int, [UInt8], type: String)
    /// A part of a file; sendfile(2) carries it where there is no TLS.
    case file(FilePart)

    /// An error with a reason that people can read.
    package static func refusal(_ status: Int, _ reason: String) -> TransferAnswer {
        .bytes(status: status, Array("\(reason)\n".utf8), type: "text/plain")
    }
}

/// Bytes of an open file on their way out; the file stays as long as this lives, whoever removes it.
package final class FilePart: Sendable {
    let file: Descriptor
    package let range: Range<Int64>
    /// The length of the whole, for `Content-Range`.
    package let whole: Int64
    /// What is known about these bytes; travels in the field `Pouch-Proof`.
    let proof: String?
    /// Told how many bytes went, once, when the last did or the connection broke.
    let ended: @Sendable (Int64) -> Void
    private let breaking = Mutex((isAborted: false, close: (@Sendable () -> Void)?.none))

    package init(
        _ file: consuming Descriptor, _ range: Range<Int64>, of whole: Int64, proof: String? = nil,
        ended: @escaping @Sendable (Int64) -> Void = { _ in }
    ) {
        self.file = file
        self.range = range
        self.whole = whole
        self.proof = proof
        self.ended = ended
    }

    /// Breaks the connection that carries it: nothing else tells the receiver that no more will come.
    package func abort() {
        let close = breaking.withLock { state in
            state.isAborted = true
            return state.close
        }
        close?()
    }

    func onAbort(_ close: @escaping @Sendable () -> Void) {
        let isLate = breaking.withLock { state in
            state.close = close
            return state.isAborted
        }
        if isLate { close() }
    }
}

/// The bytes that a `Range` field asks for.
///
/// Source: RFC 9110, section 14.1.2.
package enum PieceRange {
    /// Reads `bytes=10-20`, `bytes=10-` or `bytes=-10`; nil for what is no single range inside `size` bytes.
    package static func parse(_ text: String, size: Int64) -> Range<Int64>? {
        guard text.hasPrefix("bytes="), !text.contains(",") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        if ends[0].isEmpty {
            guard let count = number(ends[1]), count > 0 else { return nil }
            return max(0, size - count)..<size
        }
        guard let first = number(ends[0]), first < size else { return nil }
        if ends[1].isEmpty { return first..<size }
        guard let last = number(ends[1]), last >= first else { return nil }
        return first..<(min(last, size - 1) + 1)
    }

    private static func number(_ text: Substring) -> Int64? {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }
}
