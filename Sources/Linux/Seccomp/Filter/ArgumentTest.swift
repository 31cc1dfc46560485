/// Comparisons of 64-bit arguments, on a machine with words of 32.
enum ArgumentTest {
    private typealias Code = FilterInstruction.Code

    /// Falls out at the end when all conditions hold, else skips one instruction more: the answer that stands there.
    static func instructions(allOf conditions: [SeccompCondition]) -> [FilterInstruction] {
        var program: [FilterInstruction] = []
        for condition in conditions.reversed() {
            program = instructions(condition, skippedOnFailure: program.count + 1) + program
        }
        return program
    }

    /// `failure` counts from the end of this test.
    private static func instructions(
        _ condition: SeccompCondition, skippedOnFailure failure: Int
    ) -> [FilterInstruction] {
        let high = FilterInstruction.load(CallField.high(condition.argument))
        let low = FilterInstruction.load(CallField.low(condition.argument))
        let (upper, lower) = halves(condition.value)
        switch condition.comparison {
        case .equal:
            return [
                high, .branch(Code.jumpIfEqual, upper, whenFalse: failure + 2),
                low, .branch(Code.jumpIfEqual, lower, whenFalse: failure),
            ]
        case .notEqual:
            return [
                high, .branch(Code.jumpIfEqual, upper, whenFalse: 2),
                low, .branch(Code.jumpIfEqual, lower, whenTrue: failure),
            ]
        case .greater, .greaterOrEqual:
            let last = condition.comparison == .greater ? Code.jumpIfGreater : Code.jumpIfGreaterOrEqual
            return [
                high, .branch(Code.jumpIfGreater, upper, whenTrue: 3),
                .branch(Code.jumpIfEqual, upper, whenFalse: failure + 2),
                low, .branch(last, lower, whenFalse: failure),
            ]
        case .less, .lessOrEqual:
            let last = condition.comparison == .less ? Code.jumpIfGreaterOrEqual : Code.jumpIfGreater
            return [
                high, .branch(Code.jumpIfGreater, upper, whenTrue: failure + 3),
                .branch(Code.jumpIfEqual, upper, whenFalse: 2),
                low, .branch(last, lower, whenTrue: failure),
            ]
        case .maskedEqual:
            let (wantedUpper, wantedLower) = halves(condition.maskedValue)
            return [
                high, .and(upper), .branch(Code.jumpIfEqual, wantedUpper, whenFalse: failure + 3),
                low, .and(lower), .branch(Code.jumpIfEqual, wantedLower, whenFalse: failure),
            ]
        }
    }

    private static func halves(_ value: UInt64) -> (UInt32, UInt32) {
        (UInt32(truncatingIfNeeded: value >> 32), UInt32(truncatingIfNeeded: value))
    }
}
