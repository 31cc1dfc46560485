package import HTTPKit
internal import HTTPTypes
package import Hummingbird
internal import JSON
internal import Logging
internal import NIOCore

/// The node's side of `kubectl logs`, `exec`, `attach` and `port-forward`; the API server passes the requests of clients on to it.
///
/// Paths: `/containerLogs/NAMESPACE/POD/CONTAINER`, `/exec/…`, `/attach/…` and `/portforward/NAMESPACE/POD`, with the parameters of
/// the pod's subresources.
package struct NodeStreamServer: Sendable {
    let streams: any PodStreams

    package init(_ streams: any PodStreams) {
        self.streams = streams
    }

    @Sendable package func respond(to request: Request, _ source: RequestSource) async throws -> Response {
        do throws(PodStreamError) {
            return try await answer(request, source)
        } catch {
            return Self.refusal(error)
        }
    }

    private static func refusal(_ error: PodStreamError) -> Response {
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(error.message), "reason": .string(error.code == 404 ? "NotFound" : "BadRequest"),
            "code": .integer(Int64(error.code)),
        ]
        return Response(
            status: HTTPResponse.Status(code: error.code), headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: status.encoded())))
    }

    private func answer(_ request: Request, _ source: RequestSource) async throws(PodStreamError) -> Response {
        let halves = (request.head.path ?? "/").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "/").map { QueryItems.unescaped($0) }
        let query = QueryItems(halves.count == 2 ? String(halves[1]) : nil)
        if parts.count == 3, parts[0] == "portforward" {
            let pod = PodContainer(namespace: parts[1], pod: parts[2], container: "")
            return try await forward(pod, query, request, source)
        }
        guard parts.count == 4 else { throw .notFound("the node streams nothing there") }
        let container = PodContainer(namespace: parts[1], pod: parts[2], container: parts[3])
        switch parts[0] {
        case "containerLogs":
            let log = try await streams.logs(of: container, try Self.logOptions(query))
            return Response(
                status: .ok, headers: [.contentType: "text/plain"], body: ResponseBody(asyncSequence: log))
        case "exec":
            let command = query.all("command")
            guard !command.isEmpty else { throw .invalid("you must specify at least 1 command for the container") }
            return try await run(command, in: container, query, request, source)
        case "attach": return try await run(nil, in: container, query, request, source)
        default: throw .notFound("the node streams nothing there")
        }
    }

    static func logOptions(_ query: QueryItems) throws(PodStreamError) -> LogOptions {
        var options = LogOptions()
        options.follow = query.says("follow")
        options.previous = query.says("previous")
        options.timestamps = query.says("timestamps")
        options.tailLines = try number("tailLines", query)
        options.sinceSeconds = try number("sinceSeconds", query)
        options.limitBytes = try number("limitBytes", query)
        options.sinceTime = query["sinceTime"]
        return options
    }

    private static func number(_ name: String, _ query: QueryItems) throws(PodStreamError) -> Int? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw .invalid("\(name): Invalid value: \"\(text)\": must be a number that is not negative")
        }
        return number
    }

    private func run(
        _ command: [String]?, in container: PodContainer, _ query: QueryItems, _ request: Request,
        _ source: RequestSource
    ) async throws(PodStreamError) -> Response {
        guard let offers = WebSocketHandshake.offers(request) else {
            throw .invalid("Upgrade request required: a WebSocket is expected")
        }
        guard let chosen = ChannelTerminal.protocols.first(where: offers.contains) else {
            throw .invalid("unable to upgrade: none of the protocols is known: \(offers.joined(separator: ", "))")
        }
        var remote = RemoteCommand(command: command)
        remote.stdin = query.says("stdin")
        remote.tty = query.says("tty")
        remote.stdout = query.says("stdout")
        remote.stderr = query.says("stderr") && !remote.tty
        guard remote.stdin || remote.stdout || remote.stderr else {
            throw .invalid("you must specify at least 1 of stdin, stdout, stderr")
        }
        try await streams.check(container)
        let streams = streams
        let wanted = remote
        let logger = source.logger
        source.takeover.hijack { stream in
            let terminal = ChannelTerminal(WebSocketSession(stream))
            do {
                try await terminal.finish(exitCode: try await streams.run(wanted, in: container, terminal))
            } catch let error as PodStreamError {
                try await terminal.finish(failure: error.message)
            } catch {
                logger.debug("remote command ended", metadata: ["reason": "\(error)"])
                try await terminal.finish(failure: "\(error)")
            }
        }
        return WebSocketHandshake.response(to: request, choosing: chosen)
    }
}

extension QueryItems {
    fileprivate func says(_ name: String) -> Bool {
        ["true", "True", "1"].contains(self[name] ?? "")
    }
}
