internal import HTTPTypes

/// The text of a request's head, up to and with the empty line.
///
/// Source: RFC 9112, sections 3 and 6.
struct HeadText {
    /// Where the body ends.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    private let lines: [Substring]

    init(_ text: String) {
        // "\r\n" is one Character to Swift, which makes this a split by line ends.
        lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
    }

    func parse() throws(RequestError) -> (head: RequestHead, framing: Framing) {
        guard let first = lines.first else { throw .malformed("no request line") }
        let (method, target, version) = try requestLine(first)
        var fields = HTTPFields()
        var authority: String?
        for line in lines.dropFirst() {
            let field = try Self.field(line)
            if field.name.canonicalName == "host" {
                authority = field.value
            } else {
                fields.append(field)
            }
        }
        let framing = try Self.framing(fields)
        let connection = fields[values: .connection].flatMap { $0.split(separator: ",") }.map(Self.word)
        let isCurrent = version != "1.0"
        let request = HTTPRequest(
            method: method, scheme: "http", authority: authority, path: target, headerFields: fields)
        let head = RequestHead(
            request: request, takesChunks: isCurrent,
            keepsAlive: isCurrent ? !connection.contains("close") : connection.contains("keep-alive"),
            expectsContinue: isCurrent && fields[.expect].map { Self.word($0[...]) } == "100-continue",
            hasBody: framing != .none && framing != .length(0))
        return (head, framing)
    }

    private func requestLine(
        _ line: Substring
    ) throws(RequestError) -> (HTTPRequest.Method, target: String, version: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let method = HTTPRequest.Method(String(words[0])), words[2].hasPrefix("HTTP/") else {
            throw .malformed("request line")
        }
        let version = String(words[2].dropFirst(5))
        guard version == "1.1" || version == "1.0" else { throw .unsupportedVersion(version) }
        return (method, try Self.originForm(words[1]), version)
    }

    /// The path and query of a target that may be written with its scheme and host.
    private static func originForm(_ target: Substring) throws(RequestError) -> String {
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { throw .malformed("target") }
        if target.hasPrefix("/") || target == "*" { return String(target) }
        guard let scheme = target.firstRange(of: "://") else { throw .malformed("target") }
        let rest = target[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
    }

    private static func field(_ line: Substring) throws(RequestError) -> HTTPField {
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")),
            let name = HTTPField.Name(String(line[..<colon]))
        else { throw .malformed("header field") }
        let value = line[line.utf8.index(after: colon)...].utf8.drop { $0 == 32 || $0 == 9 }
        let end = value.lastIndex { $0 != 32 && $0 != 9 }.map { value.index(after: $0) } ?? value.startIndex
        guard value.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 }) else { throw .malformed("value of \(name)") }
        return HTTPField(name: name, value: String(Substring(value[..<end])))
    }

    private static func framing(_ fields: HTTPFields) throws(RequestError) -> Framing {
        let lengths = fields[values: .contentLength]
        let codings = fields[values: .transferEncoding]
        if let coding = codings.first {
            guard lengths.isEmpty else { throw .malformed("both Content-Length and Transfer-Encoding") }
            guard codings.count == 1, word(coding[...]) == "chunked" else {
                throw .unsupportedTransferEncoding(codings.joined(separator: ", "))
            }
            return .chunked
        }
        guard let length = lengths.first else { return .none }
        guard lengths.allSatisfy({ $0 == length }), length.utf8.allSatisfy({ (48...57).contains($0) }),
            let bytes = Int(length)
        else { throw .malformed("Content-Length") }
        return .length(bytes)
    }

    private static func word(_ text: Substring) -> String {
        String(text.filter { $0 != " " && $0 != "\t" }).lowercased()
    }
}
