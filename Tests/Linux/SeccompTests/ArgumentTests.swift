@testable internal import Seccomp
internal import TestSupport
internal import Testing

@Suite("conditions on arguments")
struct ArgumentTests {
    @Test("mean the same in instructions as in words", arguments: UInt64(0)..<400)
    func random(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let conditions = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
            SeccompCondition(
                UInt32.random(in: 0...5, using: &generator),
                SeccompCondition.Comparison.allCases.randomElement(using: &generator) ?? .equal,
                number(&generator), maskedValue: number(&generator))
        }
        let program = ArgumentTest.instructions(allOf: conditions) + [.answer(1), .answer(0)]
        for _ in 0..<50 {
            var arguments = (0..<6).map { _ in number(&generator) }
            if Bool.random(using: &generator) {
                for condition in conditions { arguments[Int(condition.argument)] = condition.value }
            }
            let call = Call(0, .x86_64, arguments)
            let expected: UInt32 = conditions.allSatisfy { $0.holds(for: arguments) } ? 1 : 0
            #expect(FilterMachine.answer(program, to: call) == expected, "seed \(seed): \(call)")
        }
    }

    /// Mostly numbers that differ in one half only, as those are where comparisons of halves go wrong.
    private func number(_ generator: inout SplitMix64) -> UInt64 {
        let halves: [UInt64] = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
        let high = halves.randomElement(using: &generator) ?? 0
        let low = halves.randomElement(using: &generator) ?? 0
        return high << 32 | low
    }
}

extension SeccompCondition {
    func holds(for arguments: [UInt64]) -> Bool {
        let actual = arguments[Int(argument)]
        return switch comparison {
        case .notEqual: actual != value
        case .less: actual < value
        case .lessOrEqual: actual <= value
        case .equal: actual == value
        case .greaterOrEqual: actual >= value
        case .greater: actual > value
        case .maskedEqual: actual & value == maskedValue
        }
    }
}
