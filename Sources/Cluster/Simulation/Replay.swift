package import Scheduling
internal import Units

/// Replays a trace in virtual time: pods arrive, are placed, run and end; an evicted one comes back and runs anew.
package struct Replay: Sendable {
    package struct Sample: Sendable {
        package var time: Double
        /// Parts of all nodes' processors and memory that are given away.
        package var cpu: Double
        package var memory: Double
        package var waiting: Int
        /// Jain's index of the tenants' processor use; 1 is even.
        package var fairness: Double
    }

    package private(set) var samples: [Sample] = []
    /// By queue: how long each pod waited, in seconds, the shortest first.
    package private(set) var waits: [String: [Double]] = [:]
    package private(set) var placed = 0
    package private(set) var unplaced = 0
    package private(set) var evicted = 0
    private var usage: [String: Double] = [:]
    private var (usedCPU, usedMemory) = (0.0, 0.0)
    private var (allCPU, allMemory) = (0.0, 0.0)

    private struct Instance {
        var task: Int
        var arrival: Double
        var isPlaced = false
        /// Counts its runs: the end of an earlier one means nothing.
        var run = 0
    }

    private enum Happening {
        case arrival(Int)
        case end(String, run: Int)
        /// It leaves for another, and comes back as its controller makes it anew.
        case eviction(String)
    }

    package init(
        _ trace: Trace, on nodes: [Node], configuration: Configuration = Configuration(), samples count: Int = 200
    ) {
        var scheduler = Scheduler(configuration)
        let memory = nodes.map { Double($0.allocatable.memory.bytes) }.max() ?? 0
        for node in nodes {
            _ = scheduler.handle(.nodeAdded(node), at: Timestamp(seconds: 0))
            allCPU += Double(node.allocatable.cpu.milli)
            allMemory += Double(node.allocatable.memory.bytes)
        }
        var instances: [String: Instance] = [:]
        let templates = trace.tasks.map { Self.template($0, memory: memory) }
        var agenda = Agenda<Happening>()
        for (index, task) in trace.tasks.enumerated() { agenda.add(.arrival(index), at: task.arrival) }
        let end = trace.tasks.map { $0.arrival + $0.duration }.max() ?? 0
        var nextSample = 0.0
        while let (time, happening) = agenda.next() {
            while nextSample <= time {
                sample(nextSample, waiting: instances.count { !$0.value.isPlaced })
                nextSample += max(1, end / Double(count))
            }
            let now = Timestamp(nanoseconds: Int64(time * 1e9))
            var decisions: [Decision] = []
            switch happening {
            case .arrival(let index):
                let task = trace.tasks[index]
                for number in 0..<task.instances {
                    let id = "\(task.user)/\(task.name)-\(number)"
                    guard instances[id] == nil else { continue }
                    instances[id] = Instance(task: index, arrival: time)
                    decisions += scheduler.handle(.podAdded(Pod(id: id, template: templates[index])), at: now)
                }
            case .end(let id, let run):
                guard let instance = instances[id], instance.isPlaced, instance.run == run else { continue }
                instances[id] = nil
                use(trace.tasks[instance.task], memory: memory, sign: -1)
                decisions += scheduler.handle(.podRemoved(id: id), at: now)
            case .eviction(let id):
                guard var instance = instances[id], instance.isPlaced else { continue }
                use(trace.tasks[instance.task], memory: memory, sign: -1)
                instance.isPlaced = false
                instance.arrival = time
                instances[id] = instance
                decisions += scheduler.handle(.podRemoved(id: id), at: now)
                decisions += scheduler.handle(.podAdded(Pod(id: id, template: templates[instance.task])), at: now)
            }
            while let decision = decisions.popLast() ?? scheduler.decide(at: now) {
                switch decision {
                case .place(let placement):
                    guard var instance = instances[placement.pod] else { continue }
                    let task = trace.tasks[instance.task]
                    instance.isPlaced = true
                    instance.run += 1
                    if instance.run == 1 { placed += 1 }
                    instances[placement.pod] = instance
                    _ = scheduler.handle(.bindingConfirmed(id: placement.pod), at: now)
                    use(task, memory: memory, sign: 1)
                    waits[Self.queue(task, configuration), default: []].append(time - instance.arrival)
                    agenda.add(.end(placement.pod, run: instance.run), at: time + task.duration)
                case .preempt(_, _, let victims):
                    evicted += victims.count
                    for victim in victims { agenda.add(.eviction(victim), at: time) }
                default: continue
                }
            }
        }
        unplaced = instances.count { !$0.value.isPlaced }
        for queue in waits.keys { waits[queue]?.sort() }
    }

    private static func template(_ task: Trace.Task, memory: Double) -> PodTemplate {
        PodTemplate(
            namespace: task.user,
            requirements: Requirements(
                resources: Resources(
                    cpu: CPUCount(milli: Int64((task.cpu * 1000).rounded(.up))),
                    memory: ByteCount(UInt64((task.memory * memory).rounded(.up))))),
            priority: task.priority)
    }

    private static func queue(_ task: Trace.Task, _ configuration: Configuration) -> String {
        (configuration.bands.first { task.priority >= $0.minimumPriority } ?? configuration.bands.last)?.name ?? ""
    }

    private mutating func use(_ task: Trace.Task, memory: Double, sign: Double) {
        usedCPU += sign * task.cpu * 1000
        usedMemory += sign * task.memory * memory
        usage[task.user, default: 0] += sign * task.cpu
    }

    private mutating func sample(_ time: Double, waiting: Int) {
        // In one order always: sums of fractions depend on it.
        let shares = usage.sorted { $0.key < $1.key }.map(\.value).filter { $0 > 1e-9 }
        let (sum, squares) = (shares.reduce(0, +), shares.reduce(0) { $0 + $1 * $1 })
        samples.append(
            Sample(
                time: time, cpu: allCPU > 0 ? usedCPU / allCPU : 0, memory: allMemory > 0 ? usedMemory / allMemory : 0,
                waiting: waiting, fairness: squares > 0 ? sum * sum / (squares * Double(shares.count)) : 1))
    }

    /// Queue, pods, and the median, 90th and 99th hundredth of the waits.
    package var table: [[String]] {
        [["QUEUE", "PODS", "WAIT P50", "P90", "P99", "MAX"]]
            + waits.keys.sorted().map { queue in
                let sorted = waits[queue] ?? []
                let figures = [0.5, 0.9, 0.99, 1].map { Figures.text(Self.quantile(sorted, $0)) + " s" }
                return [queue, "\(sorted.count)"] + figures
            }
    }

    static func quantile(_ sorted: [Double], _ part: Double) -> Double {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }
}

/// What is going to happen, the earliest first; what is put in first comes first at equal times.
struct Agenda<Element> {
    private var heap: [(time: Double, order: Int, element: Element)] = []
    private var order = 0

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].order) < (heap[right].time, heap[right].order)
    }

    mutating func add(_ element: Element, at time: Double) {
        order += 1
        heap.append((time, order, element))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: Double, element: Element)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == parent { return (first.time, first.element) }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
