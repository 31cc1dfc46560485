import TestSupport

/// What goes wrong, and how often; drawn from the seed, so that some runs are calm and some are terrible.
struct Faults {
    /// Parts of a thousand of all messages.
    var lost = 0
    var doubled = 0
    /// Microseconds that a message takes at most; whoever draws less overtakes.
    var slowestMessage: Int64 = 5000
    var slowestWrite: Int64 = 5000
    /// Parts of a thousand of all writes that find the disk full, and of all starts that fail.
    var full = 0
    var failedStarts = 0
    /// How often, within the time of faults, each of these happens.
    var serverCrashes = 0
    var agentRestarts = 0
    var reboots = 0
    var partitions = 0
    var compactions = 0
    var containerEnds = 0

    init(using random: inout SplitMix64) {
        func sometimes(_ range: ClosedRange<Int>) -> Int {
            Bool.random(using: &random) ? Int.random(in: range, using: &random) : 0
        }
        lost = sometimes(1...200)
        doubled = sometimes(1...200)
        slowestMessage = Int64(Int.random(in: 1...200, using: &random)) * 1000
        slowestWrite = Int64(sometimes(1...1500)) * 1000 + 1000
        full = sometimes(1...100)
        failedStarts = sometimes(1...300)
        serverCrashes = sometimes(1...3)
        agentRestarts = sometimes(1...3)
        reboots = sometimes(1...2)
        partitions = sometimes(1...2)
        compactions = sometimes(1...3)
        containerEnds = sometimes(1...3)
    }

    /// Whether pods cease to be well only because somebody asked for it.
    var isKind: Bool {
        agentRestarts == 0 && reboots == 0 && partitions == 0 && containerEnds == 0 && lost == 0
            && serverCrashes == 0
    }
}

/// A rule of the pool that was broken, as a sentence.
struct Violation: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Mistakes that can be put into the pool, to see that they are noticed.
enum Sabotage: CaseIterable {
    /// Readers see a write before the disk has it.
    case publishesEarly
    /// A pod is written whoever else has written it meanwhile.
    case writesBlindly
    /// The scheduler hears nothing of pods that have a node: one that starts knows of none.
    case forgetsRunning
    /// An answer is given before the disk has the write.
    case answersEarly
    /// A node does not stop what is to leave.
    case ignoresEnds
    /// An eviction does not ask whether the budget has changed meanwhile.
    case spendsTwice
}
