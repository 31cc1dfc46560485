package import Identity
package import Pieces
package import Transfer

/// What a node was told about its pool.
package struct ExchangeSettings: Sendable {
    /// Where pieces lie; made if need be.
    package var root: String
    package var tracker: TransferTarget
    package var credentials: NodeCredentials
    /// Where other nodes reach this one, as it tells them.
    package var contact: Contact
    /// Where it listens.
    package var host: String
    package var port: Int
    /// Pieces travel without TLS, in networks that are trusted.
    package var isPlain = false
    /// Bytes per second; nil is no limit.
    package var upload: Int64?
    package var download: Int64?
    /// From registries.
    package var origin: Int64?

    package init(
        root: String, tracker: TransferTarget, credentials: NodeCredentials, contact: Contact, host: String, port: Int
    ) {
        self.root = root
        self.tracker = tracker
        self.credentials = credentials
        self.contact = contact
        self.host = host
        self.port = port
    }
}
