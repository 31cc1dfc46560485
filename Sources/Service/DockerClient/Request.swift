package import JSON

/// One HTTP request to the daemon.
package struct Request {
    /// What goes with it.
    package enum Body {
        case none
        case json(JSONValue)
        /// Read from a descriptor to its end and sent in chunks, as a tar archive.
        case file(Int32)
        /// Written piece by piece while it is sent, as a tar archive.
        case generated((_ write: (ArraySlice<UInt8>) throws(ClientError) -> Void) throws(ClientError) -> Void)
    }

    package var method: String
    /// The path without the query, percent-encoded where it must be: see ``Query/encoded(_:)``.
    package var path: String
    package var query: Query
    package var body: Body
    /// The value of `X-Registry-Auth`, for what concerns a registry.
    package var registryAuthorization: String?
    /// The value of `X-Build-Secrets`, for a build.
    package var buildSecrets: String?

    package init(_ method: String, _ path: String, _ query: Query = [:], body: Body = .none) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }

    /// What this request does, for error messages.
    var doing: String { "\(method) \(path)" }

    /// The request line, the header fields and, when it is at hand, the body.
    func encoded(identifier: String, upgrades: Bool) -> [UInt8] {
        var text = "\(method) \(path)\(query.text) HTTP/1.1\r\nHost: pouch\r\nUser-Agent: pouch\r\n"
        text += "X-Request-Id: \(identifier)\r\n"
        if let registryAuthorization { text += "X-Registry-Auth: \(registryAuthorization)\r\n" }
        if let buildSecrets { text += "X-Build-Secrets: \(buildSecrets)\r\n" }
        if upgrades { text += "Connection: Upgrade\r\nUpgrade: tcp\r\n" }
        switch body {
        case .none:
            if method == "POST" || method == "PUT" { text += "Content-Length: 0\r\n" }
            return Array((text + "\r\n").utf8)
        case .json(let value):
            let json = value.encoded()
            return Array("\(text)Content-Type: application/json\r\nContent-Length: \(json.count)\r\n\r\n".utf8) + json
        case .file, .generated:
            return Array("\(text)Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        }
    }
}
