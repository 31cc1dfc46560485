/// The status line and the header fields of a response.
package struct ResponseHead: Equatable, Sendable {
    package var status: Int
    /// Names in lower case, in the order of arrival.
    package var fields: [(name: String, value: String)]

    /// The first value of `name`, which is given in lower case.
    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    package static func == (left: ResponseHead, right: ResponseHead) -> Bool {
        left.status == right.status && left.fields.elementsEqual(right.fields, by: ==)
    }
}

/// Turns bytes, in whatever pieces they arrive, into one HTTP/1.1 response.
///
/// Feed it, then ask ``next()`` until it gives `nil`. Pure: no I/O. A head is at most 64 KiB.
///
/// Source: RFC 9112, sections 2 to 7.
package struct ResponseDecoder: Sendable {
    package enum Event: Equatable, Sendable {
        case head(ResponseHead)
        case body([UInt8])
        /// The response is complete; what follows belongs to the next one.
        case end
    }

    private enum State: Equatable {
        case head
        case fixed(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers
        case untilClose
        case done
    }

    /// What the request was, as far as it changes how the answer is read.
    package enum Expecting: Sendable {
        case body
        /// The answer to HEAD: fields speak of a body that does not come.
        case headOnly
        /// After 101, or 200 without a length, the connection is a stream of its own.
        case upgrade
    }

    private static let largestHead = 65536

    private var state = State.head
    private var buffer: [UInt8] = []
    private var start = 0
    private let expecting: Expecting
    /// Whether the connection may carry another request after this response.
    package private(set) var keepsAlive = true

    package init(_ expecting: Expecting = .body) {
        self.expecting = expecting
    }

    package mutating func feed(_ bytes: some Collection<UInt8>) {
        if start > 0, start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// What was fed and belongs to nobody yet: after an upgrade, the first bytes of the stream.
    package mutating func takeRest() -> [UInt8] {
        defer {
            buffer = []
            start = 0
        }
        return Array(buffer[start...])
    }

    /// The next event, or `nil` when more bytes are needed.
    ///
    /// - Throws: ``ClientError/malformed(_:)`` when the bytes are not HTTP.
    package mutating func next() throws(ClientError) -> Event? {
        while true {
            switch state {
            case .head:
                guard let head = try takeHead() else { return nil }
                guard head.status >= 200 || head.status == 101 else { continue }  // 100 Continue and its like
                try frame(head)
                return .head(head)
            case .fixed(let left):
                if left == 0 { return finish() }
                guard let piece = take(atMost: left) else { return nil }
                state = .fixed(left - piece.count)
                return .body(piece)
            case .chunkSize:
                guard let line = try takeLine() else { return nil }
                let digits = line.prefix { $0 != ";" && $0 != " " }
                guard let size = Int(digits, radix: 16), size >= 0 else {
                    throw .malformed("chunk size \(line.debugDescription)")
                }
                state = size == 0 ? .trailers : .chunk(size)
            case .chunk(let left):
                guard let piece = take(atMost: left) else { return nil }
                state = piece.count == left ? .chunkEnd : .chunk(left - piece.count)
                return .body(piece)
            case .chunkEnd:
                guard let line = try takeLine() else { return nil }
                guard line.isEmpty else { throw .malformed("no line end after a chunk") }
                state = .chunkSize
            case .trailers:
                guard let line = try takeLine() else { return nil }
                if line.isEmpty { return finish() }
            case .untilClose:
                guard let piece = take(atMost: .max) else { return nil }
                return .body(piece)
            case .done: return nil
            }
        }
    }

    /// Tells that the other side has closed; true when the response is complete by that.
    package mutating func close() -> Bool {
        keepsAlive = false
        guard state == .untilClose || state == .done else { return false }
        state = .done
        return true
    }

    private mutating func finish() -> Event {
        state = .done
        return .end
    }

    private mutating func frame(_ head: ResponseHead) throws(ClientError) {
        if head["connection"]?.lowercased() == "close" { keepsAlive = false }
        if head.status == 101 {
            state = .done
            return
        }
        if expecting == .headOnly || head.status == 204 || head.status == 304 {
            state = .fixed(0)
        } else if head["transfer-encoding"]?.lowercased().hasSuffix("chunked") == true {
            state = .chunkSize
        } else if let length = head["content-length"] {
            guard let count = Int(length), count >= 0 else { throw .malformed("content-length \(length)") }
            state = .fixed(count)
        } else if expecting == .upgrade {
            state = .done
        } else {
            keepsAlive = false
            state = .untilClose
        }
    }

    private mutating func takeHead() throws(ClientError) -> ResponseHead? {
        var lines: [String] = []
        let mark = start
        while let line = try takeLine() {
            if line.isEmpty {
                if lines.isEmpty { continue }  // an empty line before the status line is allowed
                return try Self.head(lines)
            }
            lines.append(line)
        }
        start = mark
        if buffer.count - start > Self.largestHead { throw .malformed("a head of more than 64 KiB") }
        return nil
    }

    private static func head(_ lines: [String]) throws(ClientError) -> ResponseHead {
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (100...999).contains(status)
        else { throw .malformed("status line \(lines[0].debugDescription)") }
        var head = ResponseHead(status: status, fields: [])
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else {
                throw .malformed("header field \(line.debugDescription)")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            head.fields.append((line[..<colon].lowercased(), String(value)))
        }
        return head
    }

    /// One line without its end, which may be CRLF or LF.
    private mutating func takeLine() throws(ClientError) -> String? {
        guard let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            if buffer.count - start > Self.largestHead { throw .malformed("a line of more than 64 KiB") }
            return nil
        }
        var line = buffer[start..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        start = end + 1
        return String(decoding: line, as: UTF8.self)
    }

    private mutating func take(atMost limit: Int) -> [UInt8]? {
        let count = min(limit, buffer.count - start)
        guard count > 0 else { return nil }
        defer { start += count }
        return Array(buffer[start..<start + count])
    }
}
