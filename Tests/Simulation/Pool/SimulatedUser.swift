/// Somebody who creates pods, deletes some and evicts others, and asks again until there is an answer.
struct SimulatedUser {
    private enum Wish {
        case create
        case delete
        case evict
    }

    private struct Want {
        var pod: PodRecord
        var wish: Wish
        /// The numbers of the messages that asked for it.
        var asked: Set<Int> = []
    }

    private var wants: [Want] = []
    private(set) var created = 0
    /// By uid: what it was told is there.
    private(set) var acknowledged: [String: PodRecord] = [:]
    /// When it was told so.
    private var since: [String: Int64] = [:]
    /// By uid: what it asked to go, and what it was told will.
    private(set) var asked: Set<String> = []
    private(set) var dismissed: Set<String> = []

    var isContent: Bool { wants.allSatisfy { $0.wish == .evict } }

    mutating func wantPod(milliCPU: Int, app: String) {
        created += 1
        let pod = PodRecord(name: "\(app)-\(created)", uid: "uid-\(created)", milliCPU: milliCPU, app: app)
        wants.append(Want(pod: pod, wish: .create))
    }

    /// Has one of its pods go: a batch pod is deleted, a web pod evicted.
    ///
    /// Not one that was made a moment ago: a request for it may still be on its way, and would make it again.
    mutating func wantLess(_ number: Int64, at now: Int64) {
        let settled = acknowledged.values.filter { !asked.contains($0.uid) && now - (since[$0.uid] ?? now) > 1_000_000 }
        let pods = settled.sorted { $0.uid < $1.uid }
        guard !pods.isEmpty else { return }
        let pod = pods[Int(number) % pods.count]
        asked.insert(pod.uid)
        wants.append(Want(pod: pod, wish: pod.app == "web" ? .evict : .delete))
    }

    func requests() -> [(Int, Request)] {
        wants.enumerated().map { index, want in
            switch want.wish {
            case .create: (index, .create(want.pod))
            case .delete: (index, .delete(want.pod))
            case .evict: (index, .evict(want.pod))
            }
        }
    }

    mutating func sent(_ index: Int, as number: Int) { wants[index].asked.insert(number) }

    mutating func take(_ answer: Answer, to number: Int, at now: Int64) {
        guard case .done = answer, let index = wants.firstIndex(where: { $0.asked.contains(number) }) else { return }
        let want = wants.remove(at: index)
        switch want.wish {
        case .create:
            acknowledged[want.pod.uid] = want.pod
            since[want.pod.uid] = now
        case .delete, .evict: dismissed.insert(want.pod.uid)
        }
    }
}
