/// What people ask of a pool: `pouch` becomes `pouch-pool`, which speaks to servers over TLS and reads YAML.
enum PoolVerbs {
    static let words: Set<String> = [
        "apply", "get", "describe", "delete", "cordon", "uncordon", "drain", "queue", "pool",
    ]

    /// Verbs that are for containers too: they are the pool's when a pod is named as `pod/NAME`, or when words of the pool's own say
    /// where it is.
    private static let shared: Set<String> = ["logs", "exec", "attach"]
    private static let marks = ["--server", "--kubeconfig", "--context", "--namespace"]

    /// Whether a command line is about a pool.
    static func concern(_ words: [String]) -> Bool {
        guard let verb = words.first else { return false }
        guard shared.contains(verb) else { return Self.words.contains(verb) }
        // What follows the first operand may be a command's own words; what follows a flag may be its value.
        var followsFlag = false
        for word in words.dropFirst() {
            if word == "--" { return false }
            if word.hasPrefix("-") {
                if marks.contains(where: { word == $0 || word.hasPrefix($0 + "=") }) { return true }
                followsFlag = true
                continue
            }
            if word.hasPrefix("pod/") { return true }
            if !followsFlag { return false }
            followsFlag = false
        }
        return false
    }

    static func program(_ word: String) -> SiblingProgram { SiblingProgram(name: "pouch-pool", verb: word) }
}

struct ApplyToPool: Verb {
    static let usage = poolUsage("apply", "-f FILE...", "Make a pool what files say", completes: .files)
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct GetFromPool: Verb {
    static let usage = poolUsage("get", "KIND [NAME...]", "List objects of a pool")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct DescribeInPool: Verb {
    static let usage = poolUsage("describe", "KIND NAME...", "Tell why a pod is where it is, or waits")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct DeleteFromPool: Verb {
    static let usage = poolUsage("delete", "KIND NAME...", "Delete objects of a pool")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct CordonNode: Verb {
    static let usage = poolUsage("cordon", "NODE...", "Give nodes no new pods")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct UncordonNode: Verb {
    static let usage = poolUsage("uncordon", "NODE...", "Give nodes pods again")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct DrainNode: Verb {
    static let usage = poolUsage("drain", "NODE", "Let a node's pods go, as disruption budgets allow")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct ListQueues: Verb {
    static let usage = poolUsage("queue", "[ls]", "Show the scheduler's queues")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

struct PoolState: Verb {
    static let usage = poolUsage("pool", "init|join|token|status", "Make a pool, join one, show how it is")
    func run(_ session: Session) throws(Failure) { throw becoming(Self.usage.name) }
}

private func poolUsage(
    _ name: String, _ synopsis: String, _ summary: String, completes: Completes = .nothing
) -> Usage {
    Usage(
        name: name, synopsis: synopsis, summary: summary, operands: Usage.atLeast(0), stopsAtOperand: true,
        completes: completes)
}

/// These verbs take over before flags are read, as flags are the other program's; this is what is left to say.
private func becoming(_ word: String) -> Failure {
    .message(PoolVerbs.program(word).become([word], variable))
}
