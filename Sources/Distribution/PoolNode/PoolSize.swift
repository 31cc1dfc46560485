internal import Lanes
internal import LinuxKernel
internal import Synchronization

/// How many nodes the pool has, as the tracker said last, kept for a start without it; any thread may ask.
final class PoolSize: Sendable {
    private let path: String
    private let known = Mutex(1)

    /// No pool is larger.
    private static let most = 1_000_000

    init(path: String) { self.path = path }

    var count: Int { known.withLock { $0 } }

    /// What an earlier run wrote down.
    func read() async {
        let path = path
        let text = await Lanes.shared.run { (try? WholeFile.read(path)).map { String(decoding: $0, as: UTF8.self) } }
        guard let count = text.flatMap({ Int($0) }) else { return }
        known.withLock { $0 = min(max($0, count), Self.most) }
    }

    /// The tracker knows of `count` nodes; a larger number than before is written down, a lost one is learnt again.
    func learn(_ count: Int) async {
        let count = min(count, Self.most)
        let isNew = known.withLock { known in
            guard count > known else { return false }
            known = count
            return true
        }
        guard isNew else { return }
        let path = path
        await Lanes.shared.run { try? WholeFile.replace(path, with: Array("\(count)".utf8), mode: 0o600) }
    }
}
