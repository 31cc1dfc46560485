package import ClusterModel
internal import JSON
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Units

/// What a command in a pod says, in pieces.
package enum RemoteOutput: Sendable, Equatable {
    case output([UInt8])
    case errors([UInt8])
    /// It has ended, well or with this code and sentence.
    case ended(code: Int32, message: String)
}

/// What goes to a command in a pod.
package enum RemoteInput: Sendable, Equatable {
    case bytes([UInt8])
    case end
    case resize(rows: Int, columns: Int)
}

extension PoolClient {
    private static let version = "v5.channel.k8s.io"

    /// Runs a stream of a pod, `exec` or `attach`, until it ends: sends what `input` gives, hands over what comes.
    ///
    /// `path` is the subresource's with its query.
    ///
    /// - Throws: ``PoolError/refused(code:reason:message:)`` when the server refuses, `unreachable` when the stream breaks off.
    package func remote(
        _ path: String, input: AsyncStream<RemoteInput>, _ take: @Sendable (RemoteOutput) async -> Void
    ) async throws(PoolError) {
        do {
            let opening = ByteBuffer(string: opening(path))
            try await connect().executeThenClose { inbound, outbound in
                try await outbound.write(opening)
                try await Self.converse(inbound, outbound, input, take)
            }
        } catch let error as PoolError {
            throw error
        } catch {
            throw .unreachable("\(address.server): \(error)")
        }
    }

    private static func converse(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ input: AsyncStream<RemoteInput>, _ take: @Sendable (RemoteOutput) async -> Void
    ) async throws {
        var bytes = inbound.makeAsyncIterator()
        var head = AnswerHead()
        var frames = ClientFrames()
        while !head.isComplete, let more = try await bytes.next() { head.append(more) }
        frames.append(try head.rest())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await one in input { try await outbound.write(Self.frame(one)) }
            }
            defer { group.cancelAll() }
            while true {
                while let frame = try frames.next() {
                    switch frame {
                    case .close: return
                    case .ping(let payload):
                        try await outbound.write(ClientFrames.encoded(10, payload, mask: .random(in: 0 ... .max)))
                    case .message(let message):
                        guard let output = Self.output(message) else { continue }
                        await take(output)
                        if case .ended = output { return }
                    }
                }
                guard let more = try await bytes.next() else { break }
                frames.append(more)
            }
            throw PoolError.unreachable("the stream broke off")
        }
    }

    private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(5))
        if address.server.hasPrefix("unix://") {
            let socket = String(address.server.dropFirst("unix://".count))
            return try await bootstrap.connect(unixDomainSocketPath: socket) { channel in
                channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
            }
        }
        let isSecure = address.server.hasPrefix("https://")
        let (host, port) = Self.place(address.server)
        let context = isSecure ? try NIOSSLContext(configuration: try Self.tls(address)) : nil
        let isName = (try? IPAddress(parsing: host)) == nil
        return try await bootstrap.connect(host: host, port: port ?? (isSecure ? 443 : 80)) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let context {
                    try channel.pipeline.syncOperations.addHandler(
                        try NIOSSLClientHandler(context: context, serverHostname: isName ? host : nil))
                }
                return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
            }
        }
    }

    /// Host and port of `https://HOST:PORT`, where the host may be in brackets.
    static func place(_ server: String) -> (host: String, port: Int?) {
        let rest = server[(server.firstRange(of: "://")?.upperBound ?? server.startIndex)...].prefix { $0 != "/" }
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            return (String(rest[rest.index(after: rest.startIndex)..<end]), Int(rest[end...].dropFirst(2)))
        }
        let halves = rest.split(separator: ":", maxSplits: 1)
        return (String(halves.first ?? ""), halves.count == 2 ? Int(halves[1]) : nil)
    }

    private func opening(_ path: String) -> String {
        let key = Base64.encoded((0..<16).map { _ in UInt8.random(in: 0 ... .max) })
        let token = address.token.isEmpty ? "" : "Authorization: Bearer \(address.token)\r\n"
        return
            "GET \(path) HTTP/1.1\r\nHost: \(Self.place(address.server).host)\r\nUser-Agent: \(userAgent)\r\n\(token)"
            + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Protocol: \(Self.version)\r\n\r\n"
    }

    // MARK: messages

    private static func frame(_ input: RemoteInput) -> ByteBuffer {
        let message: ByteBuffer
        switch input {
        case .bytes(let bytes): message = ByteBuffer(bytes: [0] + bytes)
        case .end: message = ByteBuffer(bytes: [255, 0])
        case .resize(let rows, let columns):
            message = ByteBuffer(bytes: [4] + Array("{\"Width\":\(columns),\"Height\":\(rows)}".utf8))
        }
        return ClientFrames.encoded(2, message, mask: .random(in: 0 ... .max))
    }

    /// What a message means; nil for what says nothing.
    static func output(_ message: ByteBuffer) -> RemoteOutput? {
        var rest = message
        guard let channel = rest.readInteger(as: UInt8.self), rest.readableBytes > 0 else { return nil }
        let bytes = Array(rest.readableBytesView)
        switch channel {
        case 1: return .output(bytes)
        case 2: return .errors(bytes)
        case 3:
            let status = Field((try? JSONValue(parsing: bytes)) ?? .null)
            if status["status"].text == "Success" { return .ended(code: 0, message: "") }
            let cause = status["details"]["causes"].elements.first { $0["reason"].text == "ExitCode" }
            let code = cause?["message"].text.flatMap { Int32($0) }
            return .ended(code: code ?? 1, message: code == nil ? status["message"].text ?? "the command failed" : "")
        default: return nil
        }
    }
}

/// The head of the server's answer, as it comes in.
struct AnswerHead {
    private static let longest = 1 << 20

    private var bytes = ByteBuffer()
    private var end: Int?
    private var code = 0
    private var length = 0

    mutating func append(_ more: ByteBuffer) {
        bytes.writeImmutableBuffer(more)
        guard end == nil, let blank = bytes.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let head = String(decoding: bytes.readableBytesView[..<blank.lowerBound], as: UTF8.self).lowercased()
        code = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let field = "content-length:"
        length =
            head.split(separator: "\r\n").first { $0.hasPrefix(field) }
            .flatMap { Int($0.dropFirst(field.count).filter { $0 != " " }) } ?? 0
        end = blank.upperBound
    }

    /// All is here: the head, and behind one that refuses its body.
    var isComplete: Bool {
        guard let end else { return bytes.readableBytes > Self.longest }
        return code == 101 || bytes.writerIndex - end >= min(length, Self.longest)
    }

    /// What came behind the head.
    ///
    /// - Throws: ``PoolError/refused(code:reason:message:)`` when it refuses.
    func rest() throws(PoolError) -> ByteBuffer {
        guard let end, let rest = bytes.getSlice(at: end, length: bytes.writerIndex - end) else {
            throw .unreachable("the server answered nothing")
        }
        if code == 101 { return rest }
        throw PoolError(code: code, status: (try? JSONValue(parsing: Array(rest.readableBytesView))) ?? .null)
    }
}
