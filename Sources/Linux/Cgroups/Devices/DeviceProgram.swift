/// A BPF program that answers for the devices of a group: what v2 has in place of the `devices` controller.
///
/// The rules run from the last to the first over a set of accesses that are still undecided: an allowing rule that
/// matches takes its accesses out and answers yes when none is left; a denying one that holds any of them answers no.
///
/// Source: instruction-set.rst; `struct bpf_cgroup_dev_ctx`, linux/bpf.h.
package struct DeviceProgram: Hashable, Sendable {
    package var instructions: [Instruction]

    /// One instruction, as `struct bpf_insn` has it.
    package struct Instruction: Hashable, Sendable {
        package var code: UInt8
        package var destination: UInt8
        package var source: UInt8
        package var offset: Int16
        package var immediate: Int32
    }

    package init(_ rules: [DeviceRule]) {
        var assembler = Assembler()
        assembler.loadContext()
        for rule in rules.reversed() where !rule.access.isEmpty {
            assembler.append(rule)
            if rule.isAboutEverything { break }  // nothing before it is ever asked
        }
        if !assembler.isSettled { assembler.answer(false) }
        instructions = assembler.instructions
    }

    /// Eight bytes each, little-endian.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(instructions.count * 8)
        for instruction in instructions {
            bytes.append(instruction.code)
            bytes.append(instruction.source << 4 | instruction.destination)
            withUnsafeBytes(of: instruction.offset.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: instruction.immediate.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}

/// Registers: r2 is the device's kind, r3 what is still undecided, r4 and r5 its numbers.
private struct Assembler {
    var instructions: [DeviceProgram.Instruction] = []
    /// The last rule answered whatever came: nothing after it can run.
    private(set) var isSettled = false

    private enum Code {
        static let loadWord: UInt8 = 0x61  // LDX | MEM | W
        static let andImmediate: UInt8 = 0x54  // ALU32 | AND | K
        static let shiftRight: UInt8 = 0x74  // ALU32 | RSH | K
        static let move: UInt8 = 0xb7  // ALU64 | MOV | K
        static let jumpIfNot: UInt8 = 0x55  // JMP | JNE | K, 64 bits wide: only for what fits 31 bits
        static let jumpIfNot32: UInt8 = 0x56  // JMP32 | JNE | K
        static let jumpIfSet: UInt8 = 0x45  // JMP | JSET | K
        static let exit: UInt8 = 0x95
    }

    mutating func loadContext() {
        emit(Code.loadWord, 2, 1, 0, 0)  // access_type: kind in the low half, accesses above
        emit(Code.loadWord, 3, 1, 0, 0)
        emit(Code.andImmediate, 2, 0, 0, 0xffff)
        emit(Code.shiftRight, 3, 0, 0, 16)
        emit(Code.loadWord, 4, 1, 4, 0)
        emit(Code.loadWord, 5, 1, 8, 0)
    }

    mutating func append(_ rule: DeviceRule) {
        var block = Assembler()
        if rule.allows {
            if rule.access == .all {
                block.answer(true)
            } else {
                block.emit(Code.andImmediate, 3, 0, 0, Int32(~rule.access.rawValue & DeviceRule.Access.all.rawValue))
                block.emit(Code.jumpIfNot, 3, 0, 2, 0)
                block.answer(true)
            }
        } else if rule.access == .all {
            block.answer(false)
        } else {
            block.emit(Code.jumpIfSet, 3, 0, 1, Int32(rule.access.rawValue))
            // Jump over the answer; a forward jump of two is `ja`.
            block.emit(0x05, 0, 0, 2, 0)
            block.answer(false)
        }
        var tests: [(UInt8, Int32, UInt8)] = []
        if rule.kind != .all { tests.append((2, rule.kind == .block ? 1 : 2, Code.jumpIfNot)) }
        if let major = rule.major { tests.append((4, Int32(bitPattern: major), Code.jumpIfNot32)) }
        if let minor = rule.minor { tests.append((5, Int32(bitPattern: minor), Code.jumpIfNot32)) }
        for (index, test) in tests.enumerated() {
            let skipped = tests.count - index - 1 + block.instructions.count
            emit(test.2, test.0, 0, Int16(skipped), test.1)
        }
        instructions += block.instructions
        isSettled = tests.isEmpty && rule.access == .all
    }

    mutating func answer(_ allowed: Bool) {
        emit(Code.move, 0, 0, 0, allowed ? 1 : 0)
        emit(Code.exit, 0, 0, 0, 0)
    }

    private mutating func emit(
        _ code: UInt8, _ destination: UInt8, _ source: UInt8, _ offset: Int16, _ immediate: Int32
    ) {
        instructions.append(
            DeviceProgram.Instruction(
                code: code, destination: destination, source: source, offset: offset, immediate: immediate))
    }
}
