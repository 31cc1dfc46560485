/// A host and a port to listen at, written `127.0.0.1:5000`, `[::1]:5000`, `localhost:5000` or `:5000` for all addresses.
package struct ListenAddress: Equatable, Sendable {
    package let host: String
    /// 0 for one that is free.
    package let port: Int

    /// - Throws: ``ListenError/malformed(_:)``.
    package init(parsing text: String) throws(ListenError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .malformed(text)
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .malformed(text)
        }
        self.host = host.isEmpty ? "0.0.0.0" : String(host)
        self.port = Int(port)
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension Listener {
    /// As a client's URL begins.
    package var scheme: String {
        switch self {
        case .unix: "unix"
        case .plain: "http"
        case .tls: "https"
        }
    }
}
