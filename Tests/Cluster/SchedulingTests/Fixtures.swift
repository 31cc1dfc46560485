internal import Scheduling
internal import Units

/// A scheduler with the clock in the test's hand, and the shortest way to nodes and pods.
final class Fixture {
    var scheduler: Scheduler
    var now = Timestamp(seconds: 1000)

    init(_ configuration: Configuration = Configuration(), nodes: Int = 0, milli: Int64 = 4000) {
        scheduler = Scheduler(configuration)
        for number in 0..<nodes { tell(.nodeAdded(Self.node("node\(number)", milli: milli))) }
    }

    static func node(_ name: String, milli: Int64 = 4000, labels: [String: String] = [:]) -> Node {
        Node(
            name: name, labels: labels.merging(["host": name]) { $1 },
            allocatable: Resources(cpu: CPUCount(milli: milli), memory: ByteCount(8 << 30), pods: 110))
    }

    static func template(
        milli: Int64 = 1000, namespace: String = "default", labels: [String: String] = [:], priority: Int32 = 0,
        mayPreempt: Bool = true, _ change: (inout Requirements) -> Void = { _ in }
    ) -> PodTemplate {
        var requirements = Requirements(
            resources: Resources(cpu: CPUCount(milli: milli), memory: ByteCount(64 << 20)))
        change(&requirements)
        return PodTemplate(
            namespace: namespace, labels: labels, requirements: requirements, priority: priority,
            mayPreempt: mayPreempt)
    }

    var queuedCount: Int { scheduler.queuedCount }
    var podCount: Int { scheduler.podCount }
    func node(of pod: String) -> String? { scheduler.node(of: pod) }
    func explain(_ pod: String) -> Explanation? { scheduler.explain(pod) }

    @discardableResult
    func tell(_ event: Event) -> [Decision] { scheduler.handle(event, at: now) }

    func add(_ id: String, _ template: PodTemplate, gang: GangMembership? = nil) {
        tell(.podAdded(Pod(id: id, template: template, gang: gang)))
    }

    /// Decides until nothing is left; placements are confirmed.
    @discardableResult
    func drain() -> [Decision] {
        var decisions: [Decision] = []
        while let decision = scheduler.decide(at: now) {
            decisions.append(decision)
            if case .place(let placement) = decision { tell(.bindingConfirmed(id: placement.pod)) }
        }
        return decisions
    }

    /// The pods placed by draining, in order.
    func placed() -> [String] {
        drain().compactMap { if case .place(let placement) = $0 { placement.pod } else { nil } }
    }

    func pass(_ seconds: Int64) -> [Decision] {
        now = now.advanced(by: .seconds(seconds))
        return scheduler.tick(at: now)
    }
}
