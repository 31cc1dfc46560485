internal import ClusterModel
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import Lanes
internal import LinuxKernel
package import Logging
internal import ServiceLifecycle
internal import Units

/// Writes down who changed what, or was refused it: one JSON object to a line.
///
/// Requests do not wait for the disk. When more lines wait than memory shall hold, the oldest are dropped.
///
/// Source: Kubernetes documentation, "Auditing", level `Metadata`.
package struct AuditLog: Service {
    private let path: String
    private let logger: Logger
    private let lines: AsyncStream<[UInt8]>
    private let feed: AsyncStream<[UInt8]>.Continuation

    package init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
        (lines, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(100_000))
    }

    func record(_ request: APIRequest, id: String, _ action: Action?, code: Int, began: Timestamp, ended: Timestamp) {
        var event: JSONObject = [
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": .string(id),
            "stage": "ResponseComplete", "requestURI": .string(request.request.head.path ?? ""),
            "verb": .string(action?.verb ?? request.method.rawValue.lowercased()),
            "user": [
                "username": .string(request.requester.name),
                "groups": .array(request.requester.groups.map { .string($0) }),
            ],
        ]
        if let action {
            var reference: JSONObject = [
                "resource": .string(action.kind.plural), "apiVersion": .string(action.kind.version),
            ]
            if let namespace = action.namespace { reference["namespace"] = .string(namespace) }
            if let name = action.name { reference["name"] = .string(name) }
            if !action.kind.group.isEmpty { reference["apiGroup"] = .string(action.kind.group) }
            if let subresource = action.subresource { reference["subresource"] = .string(subresource) }
            event["objectRef"] = .object(reference)
        }
        event["responseStatus"] = ["metadata": [:], "code": .integer(Int64(code))]
        event["requestReceivedTimestamp"] = .string(began.toMicrosecond)
        event["stageTimestamp"] = .string(ended.toMicrosecond)
        feed.yield(JSONValue.object(event).encoded() + [UInt8(ascii: "\n")])
    }

    /// Nothing more is recorded; `run` ends when all that was is written.
    func finish() { feed.finish() }

    package func run() async throws {
        let path = path
        await withGracefulShutdownHandler {
            for await line in lines {
                do throws(SyscallError) {
                    // Opened each time: who rotates the file has to tell nobody.
                    try await Lanes.shared.run { () throws(SyscallError) in
                        try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600).writeAll(line)
                    }
                } catch {
                    logger.error("audit log", metadata: ["path": "\(path)", "error": "\(error)"])
                }
            }
        } onGracefulShutdown: {
            finish()
        }
    }
}
