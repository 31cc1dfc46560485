package import JSON

/// What a reflection tells: the whole once, and again after a gap, then each change.
package enum Reflected: Sendable, Equatable {
    /// All there is now; what is not in it is gone.
    case whole([JSONValue])
    case changed(JSONValue)
    case gone(JSONValue)
}

/// A collection as it is and as it changes, through lost connections and compacted history.
///
/// One `for await` loop reads it; it lists, watches from there, and starts over when the server no longer knows the revision.
/// Between attempts that fail it waits, longer each time.
package struct Reflection: Sendable {
    private let access: any PoolAccess
    private let path: String
    private let selector: [String: String]
    private let failed: @Sendable (PoolError) -> Void

    /// `selector` holds `fieldSelector` or `labelSelector`; `failed` hears each failure before the wait.
    package init(
        _ access: any PoolAccess, _ path: String, selector: [String: String] = [:],
        failed: @escaping @Sendable (PoolError) -> Void = { _ in }
    ) {
        self.access = access
        self.path = path
        self.selector = selector
        self.failed = failed
    }

    /// Runs until the task is cancelled.
    package func run(_ take: (Reflected) async -> Void) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(PoolError) {
                var (items, revision) = try await list()
                await take(.whole(items))
                items = []
                while !Task.isCancelled {
                    revision = try await follow(from: revision, take)
                    failures = 0
                }
            } catch {
                if error.isGone { continue }
                failed(error)
                failures = min(failures + 1, 6)
                // Half a second at first, half a minute at most; not together with all others.
                let longest = 500 << (failures - 1)
                do { try await Task.sleep(for: .milliseconds(Int.random(in: longest / 2...longest))) } catch { return }
            }
        }
    }

    private func list() async throws(PoolError) -> (items: [JSONValue], revision: String) {
        var items: [JSONValue] = []
        var query = selector
        query["limit"] = "5000"
        while true {
            let page = Field(try await access.get(path, query: query))
            items += page["items"].value?.arrayValue ?? []
            guard let more = page["metadata"]["continue"].text, !more.isEmpty else {
                return (items, page["metadata"]["resourceVersion"].text ?? "0")
            }
            query["continue"] = more
        }
    }

    /// Takes the changes of one watch; gives the revision to go on from.
    private func follow(
        from revision: String, _ take: (Reflected) async -> Void
    ) async throws(PoolError) -> String {
        var latest = revision
        var query = selector
        query["watch"] = "true"
        query["resourceVersion"] = revision
        query["allowWatchBookmarks"] = "true"
        do throws(PoolError) {
            try await access.watch(path, query: query) { event in
                if let version = Field(event.object)["metadata"]["resourceVersion"].text { latest = version }
                switch event.kind {
                case .added, .modified: await take(.changed(event.object))
                case .deleted: await take(.gone(event.object))
                case .bookmark: break
                }
            }
        } catch {
            // What came before the connection broke is known: it goes on from there.
            guard case .unreachable = error, latest != revision else { throw error }
        }
        return latest
    }
}
