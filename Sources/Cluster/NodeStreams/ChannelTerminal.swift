package import HTTPKit
internal import JSON
package import NIOCore

/// Streams of a remote command over one WebSocket: the first byte of each message says which stream.
///
/// Source: Kubernetes, `remotecommand`: `v4.channel.k8s.io` and `v5.channel.k8s.io`, which can also end a stream.
package struct ChannelTerminal: RemoteTerminal {
    package static let protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]

    private enum Channel: UInt8 {
        case input = 0
        case output = 1
        case errors = 2
        case status = 3
        case resize = 4
        /// Version 5: the next byte names the channel that has ended.
        case end = 255
    }

    private let session: WebSocketSession

    package init(_ session: WebSocketSession) {
        self.session = session
    }

    package func read() async throws -> RemoteInput? {
        while let message = try await session.receive() {
            if let input = Self.input(message) { return input }
        }
        return nil
    }

    /// What a message means; `nil` for what concerns nobody.
    static func input(_ message: ByteBuffer) -> RemoteInput? {
        var rest = message
        guard let channel = rest.readInteger(as: UInt8.self).flatMap(Channel.init(rawValue:)) else { return nil }
        switch channel {
        case .input: return rest.readableBytes > 0 ? .bytes(rest) : nil
        case .resize:
            guard let size = try? JSONValue(parsing: Array(rest.readableBytesView)),
                let columns = size["Width"]?.intValue, let rows = size["Height"]?.intValue,
                (0...65535).contains(columns), (0...65535).contains(rows)
            else { return nil }
            return .resize(columns: Int(columns), rows: Int(rows))
        case .end: return rest.readInteger(as: UInt8.self) == Channel.input.rawValue ? .end : nil
        case .output, .errors, .status: return nil
        }
    }

    package func writeOutput(_ bytes: ByteBuffer) async throws { try await send(.output, bytes) }
    package func writeErrors(_ bytes: ByteBuffer) async throws { try await send(.errors, bytes) }

    private func send(_ channel: Channel, _ bytes: ByteBuffer) async throws {
        if bytes.readableBytes == 0 { return }
        try await session.send(Self.message(channel.rawValue, bytes))
    }

    static func message(_ channel: UInt8, _ bytes: ByteBuffer) -> ByteBuffer {
        var message = ByteBuffer()
        message.reserveCapacity(bytes.readableBytes + 1)
        message.writeInteger(channel)
        message.writeImmutableBuffer(bytes)
        return message
    }

    /// Tells the client how the command ended, then ends the connection.
    func finish(exitCode: Int) async throws {
        try await finish(Self.status(exitCode: exitCode))
    }

    package func finish(failure: String) async throws {
        try await finish([
            "metadata": [:], "status": "Failure", "reason": "InternalError", "message": .string(failure), "code": 500,
        ])
    }

    private func finish(_ status: JSONValue) async throws {
        try await send(.status, ByteBuffer(bytes: status.encoded()))
        try await session.close()
    }

    static func status(exitCode: Int) -> JSONValue {
        if exitCode == 0 { return ["metadata": [:], "status": "Success"] }
        return [
            "metadata": [:], "status": "Failure", "reason": "NonZeroExitCode",
            "message": .string("command terminated with non-zero exit code: exit status \(exitCode)"),
            "details": ["causes": [["reason": "ExitCode", "message": .string("\(exitCode)")]]],
        ]
    }
}
