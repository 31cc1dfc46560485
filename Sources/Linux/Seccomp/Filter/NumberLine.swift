/// What becomes of a call, as far as its number tells.
enum Answer: Hashable, Sendable {
    /// Settled.
    case action(SeccompAction)
    /// Its arguments decide, by rules of our own; when none holds, `otherwise`.
    case rules([Rule], otherwise: SeccompAction)
    /// libseccomp's filter decides.
    case library

    struct Rule: Hashable, Sendable {
        var action: SeccompAction
        var conditions: [SeccompCondition]
    }
}

/// An answer for every number there is: ranges, each up to the next one's start.
///
/// Becomes a tree of comparisons, so that any number is found in about seven steps. A filter of this shape is also
/// quick to install: the kernel runs it once for every call it has, to remember which are always allowed.
struct NumberLine: Hashable, Sendable {
    struct Range: Hashable, Sendable {
        var start: UInt32
        var answer: Answer
    }

    /// In order, from zero on; neighbours differ.
    private(set) var ranges: [Range] = []

    /// Goes on with `answer` from `start` on, which is not below any start before it.
    mutating func append(_ answer: Answer, from start: UInt32) {
        if ranges.last?.start == start { ranges.removeLast() }
        if ranges.last?.answer != answer { ranges.append(Range(start: start, answer: answer)) }
    }

    /// Answers for the number in the accumulator, or jumps by ``toLibrary``.
    var instructions: [FilterInstruction] { Self.tree(ranges[...]) }

    /// Stands for a jump past everything, whose length is known when everything is.
    static let toLibrary = FilterInstruction(code: FilterInstruction.Code.jump, operand: .max)

    /// A branch reaches 255 instructions: larger trees have long jumps at their top.
    private static let largestBlock = 100

    private static func tree(_ ranges: ArraySlice<Range>) -> [FilterInstruction] {
        guard ranges.count > largestBlock else { return block(ranges) }
        let middle = ranges.startIndex + ranges.count / 2
        let below = tree(ranges[..<middle])
        let isAbove = FilterInstruction.Code.jumpIfGreaterOrEqual
        return [.branch(isAbove, ranges[middle].start, whenFalse: 1), .skip(below.count)] + below
            + tree(ranges[middle...])
    }

    /// Comparisons first, then one instruction for each different answer, then what answers need more room.
    private static func block(_ ranges: ArraySlice<Range>) -> [FilterInstruction] {
        var answers: [Answer] = []
        for range in ranges where !answers.contains(range.answer) { answers.append(range.answer) }
        var nodes: [FilterInstruction] = []
        let leaves = ranges.count - 1
        func place(_ ranges: ArraySlice<Range>) -> Int {
            if ranges.count == 1, let only = ranges.first {
                return leaves + (answers.firstIndex(of: only.answer) ?? 0)
            }
            let own = nodes.count
            let middle = ranges.startIndex + ranges.count / 2
            nodes.append(.skip(0))
            let below = place(ranges[..<middle])
            let above = place(ranges[middle...])
            nodes[own] = .branch(
                FilterInstruction.Code.jumpIfGreaterOrEqual, ranges[middle].start, whenTrue: above - own - 1,
                whenFalse: below - own - 1)
            return own
        }
        _ = place(ranges)
        var program = nodes
        var behind: [FilterInstruction] = []
        for (index, answer) in answers.enumerated() {
            switch answer {
            case .action(let action): program.append(.answer(action.code))
            case .library: program.append(toLibrary)
            case .rules(let rules, let otherwise):
                program.append(.skip(answers.count - index - 1 + behind.count))
                behind += instructions(rules, otherwise)
            }
        }
        return program + behind
    }

    /// Always ends with an answer.
    private static func instructions(_ rules: [Answer.Rule], _ otherwise: SeccompAction) -> [FilterInstruction] {
        var program: [FilterInstruction] = []
        for rule in rules {
            program += ArgumentTest.instructions(allOf: rule.conditions) + [.answer(rule.action.code)]
            if rule.conditions.isEmpty { return program }
        }
        return program + [.answer(otherwise.code)]
    }
}
