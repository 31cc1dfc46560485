/// The parts of an `http` or `https` URL that a registry's client needs.
///
/// Source: RFC 3986, sections 3 and 5.
struct WebAddress: Hashable, Sendable {
    /// `http` or `https`.
    var scheme: String
    /// With the port if one is written; in lower case.
    var authority: String
    /// From the first slash on, with the query.
    var target: String

    init(scheme: String, authority: String, target: String) {
        self.scheme = scheme
        self.authority = authority
        self.target = target
    }

    /// Reads an absolute URL; a name and password in it are dropped, as nobody should be sent there unknowingly.
    init?(_ text: String) {
        guard let colon = text.range(ofScheme: ()) else { return nil }
        scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = text[colon.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let host = rest[..<end]
        authority = String(host[(host.lastIndex(of: "@").map(host.index(after:)) ?? host.startIndex)...]).lowercased()
        guard !authority.isEmpty else { return nil }
        let tail = rest[end...].prefix { $0 != "#" }
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }

    var text: String { "\(scheme)://\(authority)\(target)" }

    /// Where a `Location` leads from here; nil when it is no address of the web.
    func following(_ location: String) -> WebAddress? {
        if let absolute = WebAddress(location) { return absolute }
        if location.hasPrefix("//") { return WebAddress("\(scheme):\(location)") }
        guard location.range(ofScheme: ()) == nil, !location.isEmpty else { return nil }
        var next = self
        if location.hasPrefix("/") {
            next.target = String(location.prefix { $0 != "#" })
            return next
        }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("?") {
            next.target = path + location
        } else {
            next.target = path[...(path.lastIndex(of: "/") ?? path.startIndex)] + location
        }
        return next
    }

    /// The same with `name=value` appended to the query.
    func adding(_ name: String, _ value: String) -> WebAddress {
        var next = self
        next.target += "\(target.contains("?") ? "&" : "?")\(name)=\(Self.escaped(value))"
        return next
    }

    /// Whether credentials for one may go to the other: the same server, and never from `https` to `http`.
    func isSameServer(as other: WebAddress) -> Bool {
        scheme == other.scheme && authority == other.authority
    }

    /// Percent signs for all that is not unreserved.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }
}

extension String {
    /// The range of `://`, when what stands before it is a scheme.
    fileprivate func range(ofScheme: Void) -> Range<Index>? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix("://"),
            self[..<colon].utf8.allSatisfy({ (97...122).contains($0 | 0x20) || (48...57).contains($0) || $0 == 43 })
        else { return nil }
        return colon..<index(colon, offsetBy: 3)
    }
}
