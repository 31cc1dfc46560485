internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import Synchronization

/// Who sent a request.
package enum Peer: Hashable, Sendable {
    /// A process of this machine.
    case local
    /// Someone who showed a certificate that we trust.
    case certified(address: String)
    /// Someone on a TCP port that asks for no certificate.
    case anonymous(address: String)
}

/// Everything a request brings along besides itself; the source of every request context of ours.
package struct RequestSource: RequestContextSource, Sendable {
    package let logger: Logger
    /// Follows the request through logs; the client's own `X-Request-Id` if it sent one.
    package let requestID: String
    package let peer: Peer
    /// The certificate that the client showed and that its authority signed, in DER.
    package let certificate: [UInt8]?
    /// Where a handler leaves the wish to take the connection over.
    package let takeover: Takeover

    package init(
        logger: Logger, requestID: String, peer: Peer = .local, certificate: [UInt8]? = nil,
        takeover: Takeover = Takeover()
    ) {
        self.logger = logger
        self.requestID = requestID
        self.peer = peer
        self.certificate = certificate
        self.takeover = takeover
    }
}

/// A handler's wish to go on with the bare byte stream, once its answer has been sent.
///
/// A handler that hijacks reads its body to the end, decides (an error is an ordinary answer), calls
/// ``hijack(_:)`` and returns the head that the client shall see, `101` or `200`.
package final class Takeover: Sendable {
    package typealias Body = @Sendable (HijackedStream) async throws -> Void

    private let body = Mutex<Body?>(nil)

    package init() {}

    /// Gives the connection to `body` behind the answer; it ends when `body` returns.
    package func hijack(_ body: @escaping Body) {
        self.body.withLock { $0 = body }
    }

    func take() -> Body? {
        body.withLock { body in
            defer { body = nil }
            return body
        }
    }
}

/// Names of requests.
enum RequestID {
    static let field: HTTPField.Name = HTTPField.Name("X-Request-Id") ?? .userAgent

    /// The client's name for the request if it is sane, else a random one of 16 hex digits.
    static func of(_ request: HTTPRequest) -> String {
        if let own = request.headerFields[field], (1...128).contains(own.utf8.count),
            own.utf8.allSatisfy({ (33...126).contains($0) })
        {
            return own
        }
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
