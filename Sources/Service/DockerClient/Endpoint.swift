/// Where a daemon listens.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A Unix socket at an absolute path.
    case unix(path: String)

    /// The socket that pouchd opens when nobody says otherwise.
    package static let standard = Endpoint.unix(path: "/run/pouch/pouchd.sock")

    /// Reads `unix:///path` or a bare absolute path.
    ///
    /// - Throws: ``ClientError/host(_:reason:)`` for anything else; `tcp://` needs mutual TLS, which this client does
    ///   not speak.
    package init(parsing text: String) throws(ClientError) {
        if text.hasPrefix("tcp://") || text.hasPrefix("https://") || text.hasPrefix("http://") {
            throw .host(text, reason: "only unix:// sockets are supported so far; TCP needs a TLS client")
        }
        let path = text.hasPrefix("unix://") ? String(text.dropFirst("unix://".count)) : text
        guard path.hasPrefix("/") else {
            throw .host(text, reason: "expected unix:///path/to/socket")
        }
        self = .unix(path: path)
    }

    var path: String {
        switch self {
        case .unix(let path): path
        }
    }

    package var description: String { "unix://\(path)" }
}
