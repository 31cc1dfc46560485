package import JSON

/// What a reflection tells: the whole once, and again after a gap, then each change.
package enum Reflected: Sendable, Equatable {
    /// A part of all there is now, before the `whole` that ends it; the first one makes those of a list that broke off void.
    case part([JSONValue], isFirst: Bool)
    /// All there is now, with the parts that came just before; what is not in it is gone.
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
        await runBatches { batch in for news in batch { await take(news) } }
    }

    /// The same, with what happened together handed over together.
    package func runBatches(_ take: ([Reflected]) async -> Void) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(PoolError) {
                var revision = try await list(take)
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

    /// Hands over all there is, a page at a time; gives the revision to go on from.
    private func list(_ take: ([Reflected]) async -> Void) async throws(PoolError) -> String {
        var query = selector
        query["limit"] = "2000"
        var isFirst = true
        while true {
            let page = Field(try await access.get(path, query: query))
            let items = page["items"].value?.arrayValue ?? []
            guard let more = page["metadata"]["continue"].text, !more.isEmpty else {
                await take(isFirst ? [.part([], isFirst: true), .whole(items)] : [.whole(items)])
                return page["metadata"]["resourceVersion"].text ?? "0"
            }
            await take([.part(items, isFirst: isFirst)])
            isFirst = false
            query["continue"] = more
        }
    }

    /// Takes the changes of one watch; gives the revision to go on from.
    private func follow(
        from revision: String, _ take: ([Reflected]) async -> Void
    ) async throws(PoolError) -> String {
        var latest = revision
        var query = selector
        query["watch"] = "true"
        query["resourceVersion"] = revision
        query["allowWatchBookmarks"] = "true"
        do throws(PoolError) {
            try await access.watchBatches(path, query: query) { events in
                if let version = events.last?.object["metadata"]?["resourceVersion"]?.stringValue { latest = version }
                let news = events.compactMap { event -> Reflected? in
                    switch event.kind {
                    case .added, .modified: .changed(event.object)
                    case .deleted: .gone(event.object)
                    case .bookmark: nil
                    }
                }
                if !news.isEmpty { await take(news) }
            }
        } catch {
            // What came before the connection broke is known: it goes on from there.
            guard case .unreachable = error, latest != revision else { throw error }
        }
        return latest
    }
}
