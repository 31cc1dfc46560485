internal import Synchronization
internal import Units

/// Who is joining at the moment, and who was expelled: what the desk has to know at once.
final class MemberRegister: Sendable {
    private struct State {
        var joining: Set<String> = []
        /// By name: when it was expelled last, in seconds since 1970.
        var expelled: [String: Int64]
    }

    private let state: Mutex<State>

    init(expelled: [String: Int64]) { state = Mutex(State(expelled: expelled)) }

    /// Whether nobody else joins with this name at the moment; then whoever asked does, until ``end(_:)``.
    func begin(_ name: String) -> Bool { state.withLock { $0.joining.insert(name).inserted } }

    func end(_ name: String) { _ = state.withLock { $0.joining.remove(name) } }

    func expulsion(of node: String) -> Int64? { state.withLock { $0.expelled[node] } }

    func expel(_ node: String, at time: Int64) { state.withLock { $0.expelled[node] = time } }

    /// Certificates know whole seconds: one of the second in which its holder was expelled would count as one from before.
    func waitOutExpulsion(of node: String) async throws {
        for _ in 0..<11 {
            guard let expulsion = expulsion(of: node), Timestamp.now.seconds <= expulsion else { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
