internal import Synchronization

/// One more process of a container, from its creation until the container goes.
struct Exec: Sendable {
    enum Phase: Equatable, Sendable {
        case created
        case running(pid: Int32)
        case over(code: Int)
    }

    var id: String
    var config: ExecConfig
    var phase = Phase.created
    /// Made when it ends.
    let ended = Announcement<Int>()
    /// A health probe: no events, no entry in inspect.
    var isProbe = false

    init(id: String, config: ExecConfig) {
        self.id = id
        self.config = config
    }

    var isOver: Bool {
        if case .over = phase { true } else { false }
    }

    /// What events call it.
    var spelled: String { (config.cmd?.words ?? []).joined(separator: " ") }
}

/// Which container an exec belongs to.
final class ExecIndex: Sendable {
    private let containers = Mutex<[String: Container]>([:])

    func add(_ id: String, _ container: Container) { containers.withLock { $0[id] = container } }
    func remove(_ id: String) { containers.withLock { _ = $0.removeValue(forKey: id) } }

    /// By id or a prefix of it that no other has.
    func find(_ id: String) throws(EngineError) -> (String, Container) {
        let found = containers.withLock { all -> [(String, Container)] in
            if let container = all[id] { return [(id, container)] }
            guard id.count >= 4 else { return [] }
            return all.filter { $0.key.hasPrefix(id) }.map { ($0.key, $0.value) }
        }
        guard found.count == 1 else { throw .noSuchExec(id) }
        return found[0]
    }
}
