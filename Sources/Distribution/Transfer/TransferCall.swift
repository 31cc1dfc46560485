package import NIOCore

/// Where a peer or the tracker can be reached.
package struct TransferTarget: Hashable, Sendable {
    package var host: String
    package var port: Int
    /// The host name in its certificate; with TLS nobody else is accepted at that address.
    package var serverName: String

    package init(host: String, port: Int, serverName: String) {
        self.host = host
        self.port = port
        self.serverName = serverName
    }
}

/// One request of ours.
package struct TransferCall: Sendable {
    package var method: String
    package var path: String
    package var range: Range<Int64>?
    package var grant: String?
    package var isBackground = false
    package var body: [UInt8] = []
    /// In bytes; a longer answer breaks the exchange off before it is read.
    package var longestAnswer = 16 << 20
    /// How long its answer may take; nil for who looks after that himself.
    package var patience: Duration? = .seconds(20)

    package init(_ method: String, _ path: String) {
        self.method = method
        self.path = path
    }
}

/// The whole answer.
package struct TransferReply: Sendable {
    package var status: Int
    /// The value of `Content-Range`.
    package var contentRange: String?
    /// The value of `Pouch-Proof`.
    package var proof: String?
    package var body: ByteBuffer

    /// The body of a success.
    ///
    /// - Throws: `refused`, with what the other side says.
    package func success(_ doing: String) throws(TransferError) -> ByteBuffer {
        guard (200..<300).contains(status) else {
            let reason = String(decoding: body.readableBytesView.prefix(500), as: UTF8.self)
            throw .refused(status: status, "\(doing): \(reason.prefix { $0 != "\n" })")
        }
        return body
    }
}
