/// Where a daemon listens.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A Unix socket at an absolute path.
    case unix(path: String)
    /// Behind TLS, where another program carries the bytes.
    case carried(Carrier)

    /// A program that gets one end of a socket pair as its standard input, connects, writes a zero byte into it (or why it
    /// could not, in words) and then carries bytes both ways.
    package struct Carrier: Hashable, Sendable {
        /// Of the daemon, as the user wrote it.
        package var address: String
        /// Where the program may be; the first that exists is taken.
        package var programs: [String]
        package var arguments: [String]

        package init(address: String, programs: [String], arguments: [String]) {
            self.address = address
            self.programs = programs
            self.arguments = arguments
        }
    }

    /// The socket that pouchd opens when nobody says otherwise.
    package static let standard = Endpoint.unix(path: "/run/pouch/pouchd.sock")

    /// Reads `unix:///path` or a bare absolute path.
    ///
    /// - Throws: ``ClientError/host(_:reason:)`` for anything else.
    package init(parsing text: String) throws(ClientError) {
        let path = text.hasPrefix("unix://") ? String(text.dropFirst("unix://".count)) : text
        guard path.hasPrefix("/") else {
            throw .host(text, reason: "expected unix:///path/to/socket or tcp://host:port")
        }
        self = .unix(path: path)
    }

    package var description: String {
        switch self {
        case .unix(let path): "unix://\(path)"
        case .carried(let carrier): carrier.address
        }
    }
}
