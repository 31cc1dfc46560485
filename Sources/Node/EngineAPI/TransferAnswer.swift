internal import Engine
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore

/// The stream of JSON lines in which image transfers report, as Docker's clients read it.
enum TransferAnswer {
    /// Runs `work` while its messages go out; a client that goes away ends it.
    ///
    /// What goes wrong is told in the stream: its head has been sent.
    static func stream(
        _ work: @escaping @Sendable (@escaping TransferReport) async throws(EngineError) -> Void
    ) -> Response {
        Answer.stream("application/json") { writer in
            let (messages, sender) = AsyncStream.makeStream(of: TransferMessage.self)
            try await withThrowingTaskGroup(of: EngineError?.self) { group in
                group.addTask {
                    defer { sender.finish() }
                    do throws(EngineError) {
                        try await work { sender.yield($0) }
                        return nil
                    } catch {
                        return error
                    }
                }
                do {
                    for await message in messages { try await writer.write(Self.line(message)) }
                } catch {
                    group.cancelAll()
                    throw error
                }
                if case .some(.some(let error)) = try await group.next() { try await writer.write(failure(error)) }
            }
        }
    }

    static func line(_ message: TransferMessage) -> ByteBuffer {
        if let pushed = message.pushed {
            return Answer.line([
                "progressDetail": [:],
                "aux": [
                    "Tag": .string(pushed.tag), "Digest": .string(pushed.digest), "Size": .integer(pushed.size),
                ],
            ])
        }
        var object: JSONObject = ["status": .string(message.status)]
        if let current = message.current, let total = message.total {
            object["progressDetail"] = ["current": .integer(current), "total": .integer(total)]
            object["progress"] = .string(bar(current, of: total))
        } else if message.id != nil {
            object["progressDetail"] = [:]
        }
        object["id"] = message.id.map { .string($0) }
        return Answer.line(.object(object))
    }

    static func failure(_ error: EngineError) -> ByteBuffer {
        Answer.line(["errorDetail": ["message": .string(error.message)], "error": .string(error.message)])
    }

    /// For clients that print what they get: fifty characters, then the numbers.
    private static func bar(_ current: Int64, of total: Int64) -> String {
        let filled = total > 0 ? Int(min(50, current * 50 / total)) : 50
        let arrow = filled == 50 ? String(repeating: "=", count: 50) : String(repeating: "=", count: filled) + ">"
        return "[\(arrow)\(String(repeating: " ", count: max(0, 50 - arrow.count)))]  \(size(current))/\(size(total))"
    }

    private static func size(_ bytes: Int64) -> String {
        var value = Double(bytes)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 1000 { return unit == "B" ? "\(bytes)B" : "\(Double(Int(value * 100)) / 100)\(unit)" }
            value /= 1000
        }
        return "\(Double(Int(value * 100)) / 100)TB"
    }
}

extension Request {
    /// The credentials that Docker's clients send with what concerns a registry.
    var registryAuthorization: String? { headers[.registryAuth] }
}
