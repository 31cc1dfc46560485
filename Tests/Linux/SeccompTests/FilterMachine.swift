@testable internal import Seccomp

/// A call as the kernel shows it to a filter.
struct Call: CustomStringConvertible {
    var number: UInt32
    var architecture: UInt32
    var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

    init(_ number: UInt32, _ architecture: SeccompArchitecture = .x86_64, _ arguments: [UInt64] = []) {
        self.number = number
        self.architecture = architecture.auditToken
        for (index, argument) in arguments.enumerated() { self.arguments[index] = argument }
    }

    var description: String {
        "call \(number) of \(String(architecture, radix: 16)) with \(arguments.map { String($0, radix: 16) })"
    }

    fileprivate func word(at offset: UInt32) -> UInt32? {
        switch offset {
        case 0: return number
        case 4: return architecture
        case 8, 12: return 0
        case 16..<64 where offset.isMultiple(of: 4):
            let argument = arguments[Int(offset - 16) / 8]
            return UInt32(truncatingIfNeeded: (offset - 16).isMultiple(of: 8) ? argument : argument >> 32)
        default: return nil
        }
    }
}

/// Runs classic BPF as seccomp does; `nil` is a program that the kernel would not have taken.
enum FilterMachine {
    static func answer(_ program: [FilterInstruction], to call: Call) -> UInt32? {
        var accumulator: UInt32 = 0
        var memory = [UInt32](repeating: 0, count: 16)
        var index = 0
        while program.indices.contains(index) {
            let instruction = program[index]
            index += 1
            switch instruction.code {
            case 0x20:
                guard let word = call.word(at: instruction.operand) else { return nil }
                accumulator = word
            case 0x60: accumulator = memory[Int(instruction.operand)]
            case 0x02: memory[Int(instruction.operand)] = accumulator
            case 0x54: accumulator &= instruction.operand
            case 0x05: index += Int(instruction.operand)
            case 0x15: index += instruction.skip(accumulator == instruction.operand)
            case 0x25: index += instruction.skip(accumulator > instruction.operand)
            case 0x35: index += instruction.skip(accumulator >= instruction.operand)
            case 0x45: index += instruction.skip(accumulator & instruction.operand != 0)
            case 0x06: return instruction.operand
            default: return nil
            }
        }
        return nil
    }
}

extension FilterInstruction {
    fileprivate func skip(_ holds: Bool) -> Int { Int(holds ? whenTrue : whenFalse) }
}

extension SeccompProgram {
    func answer(to call: Call) -> UInt32? {
        FilterMachine.answer([FilterInstruction](bytes: bytes), to: call)
    }
}
