internal import ClusterModel
internal import ClusterStore

/// Who belongs to whom, and what has to go because its owners have gone or its namespace shall.
///
/// A value: changes of objects in, steps out. Every step is idempotent, so what is lost or told twice does no harm.
struct OwnerGraph {
    /// An object's place.
    struct Identity: Hashable {
        let kind: ResourceKind
        let namespace: String?
        let name: String
    }

    enum Step: Hashable {
        /// All its owners have gone.
        case delete(Identity, uid: String)
        /// Its owners are unknown: whether they exist has to be looked up.
        case verifyOwners(Identity)
        /// It waits for those that belong to it; none is left that it has to wait for.
        case release(Identity, finalizer: String)
        /// It belongs no more to the owner that leaves it behind.
        case orphan(Identity, owner: String)
        /// Everything in it has to go.
        case empty(namespace: String)
    }

    private struct Node {
        var identity: Identity
        var owners: [OwnerReference]
        var waiting: Set<String>
        var isBeingDeleted: Bool
    }

    private var nodes: [String: Node] = [:]
    private var dependents: [String: Set<String>] = [:]
    private var terminating: Set<String> = []
    private static let waits = ["foregroundDeletion", "orphan"]

    /// An object is there, or has changed.
    mutating func put(_ object: APIObject, _ kind: ResourceKind) -> [Step] {
        guard let uid = object.uid else { return [] }
        let identity = Identity(kind: kind, namespace: object.namespace, name: object.name)
        let before = nodes[uid]
        let owners = object.ownerReferences
        let waiting = object.isBeingDeleted ? Set(object.finalizers).intersection(Self.waits) : []
        nodes[uid] = Node(
            identity: identity, owners: owners, waiting: waiting, isBeingDeleted: object.isBeingDeleted)
        var steps: [Step] = []
        for owner in owners { dependents[owner.uid, default: []].insert(uid) }
        for owner in before?.owners ?? [] where !owners.contains(owner) {
            forget(uid, of: owner.uid)
            steps += pursue(owner.uid)
        }
        if !owners.isEmpty, before?.owners != owners, owners.contains(where: { nodes[$0.uid] == nil }) {
            steps.append(.verifyOwners(identity))
        }
        if kind == Catalog.namespace, object.isBeingDeleted {
            terminating.insert(object.name)
            steps.append(.empty(namespace: object.name))
        }
        steps += pursue(uid)
        for owner in owners where nodes[owner.uid]?.waiting.isEmpty == false { steps += pursue(owner.uid) }
        return steps
    }

    /// An object has gone.
    mutating func remove(_ object: APIObject, _ kind: ResourceKind) -> [Step] {
        guard let uid = object.uid, let node = nodes.removeValue(forKey: uid) else { return [] }
        if kind == Catalog.namespace { terminating.remove(object.name) }
        var steps: [Step] = []
        for owner in node.owners {
            forget(uid, of: owner.uid)
            steps += pursue(owner.uid)
        }
        for dependent in (dependents[uid] ?? []).sorted() {
            guard let left = nodes[dependent], !left.isBeingDeleted else { continue }
            if left.owners.allSatisfy({ nodes[$0.uid] == nil }) {
                steps.append(.delete(left.identity, uid: dependent))
            }
        }
        if let namespace = object.namespace, terminating.contains(namespace) {
            steps.append(.empty(namespace: namespace))
        }
        return steps
    }

    private mutating func forget(_ dependent: String, of owner: String) {
        dependents[owner]?.remove(dependent)
        if dependents[owner]?.isEmpty == true { dependents[owner] = nil }
    }

    /// What all owners that wait need next: asked once the graph is whole, for half of it would let owners go too early.
    func pursueAll() -> [Step] {
        nodes.filter { !$0.value.waiting.isEmpty }.keys.sorted().flatMap { pursue($0) }
    }

    /// What an owner that waits for its dependents, or leaves them behind, needs next.
    private func pursue(_ uid: String) -> [Step] {
        guard let owner = nodes[uid], !owner.waiting.isEmpty else { return [] }
        let left = (dependents[uid] ?? []).sorted().compactMap { dependent in nodes[dependent].map { (dependent, $0) } }
        if owner.waiting.contains("orphan") {
            if left.isEmpty { return [.release(owner.identity, finalizer: "orphan")] }
            return left.map { .orphan($0.1.identity, owner: uid) }
        }
        let blocking = left.filter { _, node in node.owners.contains { $0.uid == uid && $0.blocksDeletion } }
        let goers = left.filter { _, node in
            !node.isBeingDeleted && node.owners.allSatisfy { $0.uid == uid || nodes[$0.uid] == nil }
        }
        if blocking.isEmpty { return [.release(owner.identity, finalizer: "foregroundDeletion")] }
        return goers.map { .delete($0.1.identity, uid: $0.0) }
    }
}
