internal import ClusterModel
internal import ClusterStore
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore
internal import Units

extension APIServer {
    /// Streams what happens to objects until the client leaves or the time it asked for is over.
    func watch(
        _ kind: ResourceKind, _ namespace: String?, name: String?, _ request: APIRequest
    ) async throws -> Response {
        let representation = try Representation(
            accepting: request.accepted, included: request.query["includeObject"])
        let selection = try selection(kind, namespace, name: name, request)
        let hasBookmarks = request.flag("allowWatchBookmarks")
        var answer = WatchAnswer(selection, representation, hasBookmarks: hasBookmarks)
        var asked = WatchRequest(selection.range, term: selection.term, wantsProgress: hasBookmarks)
        var first = ByteBuffer()
        let text = request.query["resourceVersion"] ?? ""
        let wantsInitial = request.flag("sendInitialEvents")
        if text.isEmpty || text == "0" || wantsInitial {
            let listed = try await objects.reading { () async throws(StoreError) in
                try await objects.store.list(ListRequest(selection.range, term: selection.term))
            }
            if request.query["sendInitialEvents"] != "false" {
                first = try answer.lines(for: listed.objects, now: clock())
            }
            if wantsInitial { answer.appendBookmark(listed.revision, endsInitial: true, to: &first) }
            asked.after = listed.revision
        } else {
            guard let revision = Revision(parsing: text) else {
                throw APIError.badRequest("resourceVersion: Invalid value: \"\(text)\": must be a number")
            }
            asked.after = revision
        }
        let wanted = asked
        let watch = try await objects.reading { () async throws(StoreError) in try await objects.store.watch(wanted) }
        let seconds = try request.number("timeoutSeconds") ?? Int64.random(in: 1800...3600)
        return stream(watch, answer, beginning: first, for: .seconds(max(seconds, 1)))
    }

    private func stream(
        _ watch: Watch, _ answer: WatchAnswer, beginning first: ByteBuffer, for time: Duration
    ) -> Response {
        let clock = clock
        let body = ResponseBody { writer in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try? await Task.sleep(for: time)
                    watch.cancel()
                }
                var answer = answer
                if first.readableBytes > 0 { try await writer.write(first) }
                do {
                    while let batch = try await watch.next() {
                        let lines = try answer.lines(for: batch, now: clock())
                        if lines.readableBytes > 0 { try await writer.write(lines) }
                    }
                } catch let error as StoreError {
                    try await writer.write(WatchAnswer.failure(APIError(error)))
                } catch let error as APIError {
                    try await writer.write(WatchAnswer.failure(error))
                }
                group.cancelAll()
                try await writer.finish(nil)
            }
        }
        let type =
            answer.representation.form == .table ? "application/json;as=Table;v=v1;g=meta.k8s.io" : "application/json"
        return Response(status: .ok, headers: [.contentType: type], body: body)
    }
}
