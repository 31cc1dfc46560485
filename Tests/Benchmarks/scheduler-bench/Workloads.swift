internal import Scheduling

/// The workloads; each gives decisions (or pods) per processor second, from a pod's arrival to its decision.
enum Workloads {
    /// Drains the scheduler, confirming each placement; gives how many pods were placed.
    static func drain(_ scheduler: inout Scheduler) -> Int {
        var placed = 0
        while let decision = scheduler.decide(at: World.start) {
            switch decision {
            case .place(let placement):
                placed += 1
                _ = scheduler.handle(.bindingConfirmed(id: placement.pod), at: World.start)
            case .placeGang(_, let placements):
                placed += placements.count
                for placement in placements {
                    _ = scheduler.handle(.bindingConfirmed(id: placement.pod), at: World.start)
                }
            case .preempt, .preemptGang, .wait, .expired, .gangTimedOut: break
            }
        }
        return placed
    }

    /// Adds `pods` and decides them; gives pods per processor second and how many were placed.
    static func rate(
        _ scheduler: inout Scheduler, pods: Int, _ pod: (Int) -> Pod
    ) -> (perSecond: Double, placed: Int) {
        let made = (0..<pods).map(pod)
        let before = processorSeconds()
        for pod in made { World.add(pod, to: &scheduler) }
        let placed = drain(&scheduler)
        return (Double(pods) / (processorSeconds() - before), placed)
    }

    static func plain(nodes: Int, pods: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let templates = [100, 200, 250, 500].map { World.template(milli: $0, mebibytes: UInt64($0) * 2) }
        let result = rate(&scheduler, pods: pods) { Pod(id: "default/plain-\($0)", template: templates[$0 % 4]) }
        precondition(result.placed == pods, "placed \(result.placed) of \(pods)")
        return result.perSecond
    }

    /// Different requests and node selectors for each pod: nothing can be shared.
    static func allDifferent(nodes: Int, pods: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let result = rate(&scheduler, pods: pods) { different($0) }
        precondition(result.placed == pods, "placed \(result.placed) of \(pods)")
        return result.perSecond
    }

    /// A pod unlike all others.
    static func different(_ number: Int) -> Pod {
        let template = World.template(milli: Int64(100 + number % 997), mebibytes: UInt64(100 + number)) {
            switch number % 4 {
            case 0: $0.nodeSelector = ["disk": number % 8 == 0 ? "ssd" : "hdd"]
            case 1: $0.nodeSelector = ["generation": "g\(number % 10)"]
            case 2: $0.nodeSelector = ["size": "s\(number % 7)", "disk": "ssd"]
            default: break
            }
        }
        return Pod(id: "default/different-\(number)", template: template)
    }

    /// Ten applications whose pods must share a zone.
    static func affinity(nodes: Int, pods: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let templates = (0..<10).map { application in
            World.template(labels: ["app": "a\(application)"]) {
                $0.podAffinity = [
                    PodAffinityTerm(
                        LabelSelector(matching: ["app": "a\(application)"]), topologyKey: "topology.kubernetes.io/zone")
                ]
            }
        }
        let result = rate(&scheduler, pods: pods) { Pod(id: "default/near-\($0)", template: templates[$0 % 10]) }
        precondition(result.placed == pods, "placed \(result.placed) of \(pods)")
        return result.perSecond
    }

    /// Ten applications of which no two pods share a node.
    static func antiAffinity(nodes: Int, pods: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let templates = (0..<10).map { application in
            World.template(labels: ["app": "a\(application)"]) {
                $0.podAntiAffinity = [
                    PodAffinityTerm(
                        LabelSelector(matching: ["app": "a\(application)"]), topologyKey: "kubernetes.io/hostname")
                ]
            }
        }
        let result = rate(&scheduler, pods: pods) { Pod(id: "default/apart-\($0)", template: templates[$0 % 10]) }
        precondition(result.placed == pods, "placed \(result.placed) of \(pods)")
        return result.perSecond
    }

    /// Hard spreading over three zones, and over hosts with a larger skew.
    static func spread(nodes: Int, pods: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let templates = (0..<10).map { application in
            let selector = LabelSelector(matching: ["app": "a\(application)"])
            return World.template(labels: ["app": "a\(application)"]) {
                $0.spread = [
                    SpreadConstraint(topologyKey: "topology.kubernetes.io/zone", selector: selector),
                    SpreadConstraint(topologyKey: "kubernetes.io/hostname", maxSkew: 2, selector: selector),
                ]
            }
        }
        let result = rate(&scheduler, pods: pods) { Pod(id: "default/even-\($0)", template: templates[$0 % 10]) }
        precondition(result.placed == pods, "placed \(result.placed) of \(pods)")
        return result.perSecond
    }

    /// A full pool of low priority; each preemptor takes a node's place from some of it.
    static func preemption(nodes: Int, running: Int, preemptors: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler, cpu: 4)
        let low = World.template(milli: 1000, mebibytes: 500, priority: -100)
        for number in 0..<running { World.add(Pod(id: "default/low-\(number)", template: low), to: &scheduler) }
        let filled = drain(&scheduler)
        precondition(filled == running, "filled \(filled)")
        let high = World.template(milli: 2000, mebibytes: 500, priority: 100)
        let made = (0..<preemptors).map { Pod(id: "default/high-\($0)", template: high) }
        let before = processorSeconds()
        for pod in made { World.add(pod, to: &scheduler) }
        var bound = 0
        while let decision = scheduler.decide(at: World.start) {
            guard case .preempt(_, _, let victims) = decision else { continue }
            for victim in victims {
                bound += scheduler.handle(.podRemoved(id: victim), at: World.start).count
            }
        }
        let seconds = processorSeconds() - before
        precondition(bound == preemptors, "bound \(bound)")
        return Double(preemptors) / seconds
    }

    static func gangs(nodes: Int, gangs: Int, size: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let template = World.template(milli: 1000, mebibytes: 1024)
        let result = rate(&scheduler, pods: gangs * size) { number in
            let gang = GangMembership(name: "gang-\(number / size)", minimum: size)
            return Pod(id: "default/member-\(number)", template: template, gang: gang)
        }
        precondition(result.placed == gangs * size, "placed \(result.placed)")
        return result.perSecond
    }

    /// Pods that all want one port: as many fit as there are nodes.
    static func hostPorts(nodes: Int, pods: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let template = World.template { $0.hostPorts = [HostPort(8080)] }
        let result = rate(&scheduler, pods: pods) { Pod(id: "default/port-\($0)", template: template) }
        precondition(result.placed == min(nodes, pods), "placed \(result.placed)")
        return result.perSecond
    }

    /// Pods that take a whole node each: the last finds the last free one.
    static func saturation(nodes: Int, pods: Int) -> Double {
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let template = World.template(milli: 30_000, mebibytes: 100_000)
        let result = rate(&scheduler, pods: pods) { Pod(id: "default/whole-\($0)", template: template) }
        precondition(result.placed == min(nodes, pods), "placed \(result.placed)")
        return result.perSecond
    }

    /// Resident bytes with so many placed pods.
    static func memory(nodes: Int, pods: Int) -> Double {
        let before = residentBytes()
        var scheduler = Scheduler()
        World.addNodes(nodes, to: &scheduler)
        let templates = (0..<1000).map { World.template(milli: 10 + Int64($0 % 50), labels: ["app": "a\($0)"]) }
        for number in 0..<pods {
            let node = "node-\(number % nodes)"
            let id = "namespace-\(number % 100)/deployment-\(number % 1000)-\(number)"
            World.add(Pod(id: id, template: templates[number % 1000], node: node), to: &scheduler)
        }
        World.add(Pod(id: "default/one-more", template: templates[0]), to: &scheduler)
        precondition(drain(&scheduler) == 1, "one pod is placed")
        let held = residentBytes() - before
        precondition(scheduler.podCount == pods + 1, "all pods are known")
        return held
    }

    /// Seconds from nothing to the first decision.
    static func coldStart(nodes: Int, pods: Int) -> Double {
        let templates = (0..<1000).map { World.template(milli: 10 + Int64($0 % 50), labels: ["app": "a\($0)"]) }
        let made = (0..<nodes).map { World.node($0) }
        let placed = (0..<pods).map { number in
            Pod(id: "default/running-\(number)", template: templates[number % 1000], node: "node-\(number % nodes)")
        }
        let before = processorSeconds()
        var scheduler = Scheduler()
        for node in made { _ = scheduler.handle(.nodeAdded(node), at: World.start) }
        for pod in placed { World.add(pod, to: &scheduler) }
        World.add(Pod(id: "default/first", template: templates[0]), to: &scheduler)
        precondition(drain(&scheduler) == 1, "one pod is placed")
        return processorSeconds() - before
    }
}
