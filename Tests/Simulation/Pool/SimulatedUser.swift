import ClusterModel
import JSON

/// Somebody who creates pods, deletes some and evicts others, and asks again until there is an answer.
struct SimulatedUser {
    private enum Wish {
        case create(JSONValue)
        case delete(uid: String)
        case evict(uid: String)
    }

    private struct Want {
        var name: String
        var wish: Wish
        /// The numbers of the messages that asked for it.
        var asked: Set<Int> = []
    }

    private var wants: [Want] = []
    private(set) var created = 0
    /// By uid: the names of what it was told is there.
    private(set) var acknowledged: [String: String] = [:]
    /// When it was told so.
    private var since: [String: Int64] = [:]
    /// By uid: what it asked to go, and what it was told will.
    private(set) var asked: Set<String> = []
    private(set) var dismissed: Set<String> = []

    var isContent: Bool { wants.allSatisfy { if case .evict = $0.wish { true } else { false } } }

    mutating func wantPod(milliCPU: Int, app: String) {
        created += 1
        let name = "\(app)-\(created)"
        wants.append(Want(name: name, wish: .create(SimulatedPod.manifest(name, app: app, milliCPU: milliCPU))))
    }

    /// Has one of its pods go: a batch pod is deleted, a web pod evicted.
    ///
    /// Not one that was made a moment ago: a request for it may still be on its way, and would make it again.
    mutating func wantLess(_ number: Int64, at now: Int64) {
        let settled = acknowledged.filter { !asked.contains($0.key) && now - (since[$0.key] ?? now) > 1_000_000 }
        let pods = settled.sorted { $0.key < $1.key }
        guard !pods.isEmpty else { return }
        let (uid, name) = pods[Int(number) % pods.count]
        asked.insert(uid)
        wants.append(Want(name: name, wish: name.hasPrefix("web") ? .evict(uid: uid) : .delete(uid: uid)))
    }

    func requests() -> [(Int, PoolRequest)] {
        wants.enumerated().map { index, want in
            let path = SimulatedPod.path(want.name)
            switch want.wish {
            case .create(let pod): return (index, PoolRequest(.post, "/api/v1/namespaces/default/pods", body: pod))
            case .delete(let uid):
                return (index, PoolRequest(.delete, path, body: ["preconditions": ["uid": .string(uid)]]))
            case .evict(let uid):
                let body: JSONValue = [
                    "kind": "Eviction", "deleteOptions": ["preconditions": ["uid": .string(uid)]],
                ]
                return (index, PoolRequest(.post, path + "/eviction", body: body))
            }
        }
    }

    mutating func sent(_ index: Int, as number: Int) { wants[index].asked.insert(number) }

    mutating func take(_ answer: Answer, to number: Int, at now: Int64) {
        guard let index = wants.firstIndex(where: { $0.asked.contains(number) }) else { return }
        let want = wants[index]
        switch (want.wish, answer) {
        case (.create, .done(let object)):
            let uid = PodObject(object).uid
            acknowledged[uid] = want.name
            since[uid] = now
        // An earlier message of its own was faster; what became of that is not known.
        case (.create, .refused(let error)) where error.code == 409: break
        case (.delete(let uid), .done), (.evict(let uid), .done): dismissed.insert(uid)
        case (.delete(let uid), .refused(let error)) where error.code == 404: dismissed.insert(uid)
        case (.evict, .refused(let error)) where error.code == 404: break
        default: return
        }
        wants.remove(at: index)
    }
}
