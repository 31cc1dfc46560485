internal import Synchronization

/// Tells everybody who listens what happened, and remembers the last events for those who come late.
final class EventBus: Sendable {
    private static let remembered = 1024
    /// A listener that lags this far behind loses the oldest of what it has not read.
    private static let backlog = 4096

    private struct State {
        var ring: [Event] = []
        /// Where the oldest stands, once the ring is full.
        var oldest = 0
        var listeners: [Int: AsyncStream<Event>.Continuation] = [:]
        var next = 0
    }
    private let state = Mutex(State())

    func post(_ event: Event) {
        state.withLock { state in
            if state.ring.count < Self.remembered {
                state.ring.append(event)
            } else {
                state.ring[state.oldest] = event
                state.oldest = (state.oldest + 1) % Self.remembered
            }
            for listener in state.listeners.values { listener.yield(event) }
        }
    }

    var listeners: Int { state.withLock { $0.listeners.count } }

    /// What happened from `since` on, if given, and all that happens from now; nothing is missed or told twice in between.
    func subscribe(since: Timestamp?) -> (past: [Event], live: AsyncStream<Event>) {
        let (stream, continuation) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(Self.backlog))
        let (past, number) = state.withLock { state in
            let number = state.next
            state.next += 1
            state.listeners[number] = continuation
            guard let since else { return ([Event](), number) }
            let ordered = state.ring[state.oldest...] + state.ring[..<state.oldest]
            return (ordered.filter { $0.time >= since }, number)
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
        }
        return (past, stream)
    }
}

/// Which events a listener wants.
struct EventFilter: Sendable {
    private static let known: Set<String> = [
        "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
        "service", "type", "volume",
    ]
    private let filters: Filters

    /// - Throws: ``EngineError/invalid(_:)`` for a filter that does not exist.
    init(_ filters: Filters) throws(EngineError) {
        if let name = filters.unknown(besides: Self.known) { throw .invalid("invalid filter '\(name)'") }
        self.filters = filters
    }

    func matches(_ event: Event) -> Bool {
        filters.allows("type", event.type)
            && (filters["event"].isEmpty
                || filters["event"].contains { wanted in
                    event.action == wanted || event.action.hasPrefix(wanted + ":")
                })
            && filters.allows("scope", "local")
            && filters.allowsLabels(event.attributes)
            && matchesObject("container", event) && matchesObject("image", event)
            && matchesObject("volume", event) && matchesObject("network", event) && matchesObject("daemon", event)
    }

    private func matchesObject(_ type: String, _ event: Event) -> Bool {
        let wanted = filters[type]
        guard !wanted.isEmpty else { return true }
        // Events of containers carry their image's name: both filters may find them.
        if type == "image", event.type == "container" {
            return wanted.contains { $0 == event.attributes["image"] }
        }
        guard event.type == type else { return false }
        return wanted.contains { reference in
            event.actor == reference || event.attributes["name"] == reference
                || (reference.count >= 2 && event.actor.hasPrefix(reference))
        }
    }
}
