/// Pods that are equal to the scheduler, with what is known of them together.
struct EquivalenceClass {
    struct Identity: Hashable {
        var shape: Int
        /// -1 where the pods' own labels make no difference.
        var labels: Int
        /// The size of a gang and its topology key: gangs wait apart from single pods.
        var gang = 0
        var key = -1
    }

    var identity: Identity
    var set: FeasibleSet
    /// It fits nowhere; its pods are not tried.
    var isBlocked = false
    /// The highest priority for which evicting others did not help either.
    var blockedPriority = Int32.min
    var blockedSince: Int64 = 0
    /// Waiting pods, the highest priority first.
    var parked: [(priority: Int32, pods: PodList)] = []
    var parkedCount = 0
    /// How many queued pods carry its turn.
    var turns = 0
    /// By the pod to place: the cheapest evictions.
    var evictions: [EvictionSet.Key: EvictionSet] = [:]
    var isWarm = false
}

extension Scheduler {
    /// The class of a pod, made when it is new.
    mutating func classNumber(of pod: Int32, gang: Int = 0, key: Int = -1) -> Int {
        let template = pool.templates[Int(pool.pods.template[Int(pod)])]
        let others = pool.counters.labelSets[template.labels].others
        let isLabelled = pool.shapes[template.shape].hasRules || !others.isEmpty
        let identity = EquivalenceClass.Identity(
            shape: template.shape, labels: isLabelled ? template.labels : -1, gang: gang, key: key)
        if let known = classNumbers[identity] { return known }
        let set = FeasibleSet(
            shape: template.shape, labels: identity.labels, confinedBy: key >= 0 ? key : nil, in: pool)
        let new = EquivalenceClass(identity: identity, set: set)
        let number: Int
        if let reused = vacantClasses.popLast() {
            number = reused
            classes[number] = new
        } else {
            number = classes.count
            classes.append(new)
        }
        classNumbers[identity] = number
        classesOfShape[template.shape, default: []].append(number)
        return number
    }

    /// The best node of a class; trees of classes that were not asked for long are given up.
    mutating func best(of number: Int) -> (node: Int, score: Double)? {
        keepWarm(number)
        return classes[number].set.best(in: pool)
    }

    mutating func keepWarm(_ number: Int) {
        guard !classes[number].isWarm else { return }
        classes[number].isWarm = true
        warm.append(number)
        guard warm.count > configuration.warmClasses else { return }
        let half = warm.count / 2
        for old in warm.prefix(half) {
            classes[old].isWarm = false
            classes[old].set.cool()
            classes[old].evictions = [:]
        }
        warm.removeFirst(half)
    }

    /// Forgets the classes of a shape that no pod has any more.
    mutating func forgetShape(_ shape: Int) {
        for number in classesOfShape.removeValue(forKey: shape) ?? [] { forgetClass(number) }
    }

    /// The class has no waiting pods; its place is free for the next.
    mutating func forgetClass(_ number: Int) {
        classNumbers[classes[number].identity] = nil
        if classes[number].isBlocked { waiting.remove(number) }
        classes[number].isBlocked = false
        classes[number].set.cool()
        classes[number].evictions = [:]
        if classes[number].isWarm {
            classes[number].isWarm = false
            warm.removeAll { $0 == number }
        }
        vacantClasses.append(number)
    }
}
