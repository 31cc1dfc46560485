/// One instruction of classic BPF, as `struct sock_filter` has it.
///
/// Source: networking/filter.rst; linux/bpf_common.h. The kernel takes a subset for seccomp: loads of whole aligned words of
/// `struct seccomp_data`, arithmetic, jumps forward, returns.
struct FilterInstruction: Hashable, Sendable {
    var code: UInt16
    /// How many instructions to skip when a comparison holds, and when it does not.
    var whenTrue: UInt8 = 0
    var whenFalse: UInt8 = 0
    var operand: UInt32

    enum Code {
        static let loadWord: UInt16 = 0x20
        static let and: UInt16 = 0x54
        static let jump: UInt16 = 0x05
        static let jumpIfEqual: UInt16 = 0x15
        static let jumpIfGreater: UInt16 = 0x25
        static let jumpIfGreaterOrEqual: UInt16 = 0x35
        static let answer: UInt16 = 0x06
    }

    /// Puts the word at `offset` of `struct seccomp_data` into the accumulator.
    static func load(_ offset: UInt32) -> Self { Self(code: Code.loadWord, operand: offset) }
    static func and(_ mask: UInt32) -> Self { Self(code: Code.and, operand: mask) }
    static func skip(_ count: Int) -> Self { Self(code: Code.jump, operand: UInt32(count)) }
    static func answer(_ value: UInt32) -> Self { Self(code: Code.answer, operand: value) }

    /// Compares the accumulator with `operand`; the counts are at most 255.
    static func branch(_ code: UInt16, _ operand: UInt32, whenTrue: Int = 0, whenFalse: Int = 0) -> Self {
        Self(code: code, whenTrue: UInt8(whenTrue), whenFalse: UInt8(whenFalse), operand: operand)
    }
}

extension [FilterInstruction] {
    /// As the kernel reads them.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * 8)
        for instruction in self {
            Swift.withUnsafeBytes(of: instruction.code) { bytes.append(contentsOf: $0) }
            bytes.append(instruction.whenTrue)
            bytes.append(instruction.whenFalse)
            Swift.withUnsafeBytes(of: instruction.operand) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// Reads what `bytes` wrote; bytes that make no whole instruction are left out.
    init(bytes: [UInt8]) {
        self = stride(from: 0, to: bytes.count / 8 * 8, by: 8).map { start in
            bytes.withUnsafeBytes { buffer in
                FilterInstruction(
                    code: buffer.loadUnaligned(fromByteOffset: start, as: UInt16.self),
                    whenTrue: buffer[start + 2], whenFalse: buffer[start + 3],
                    operand: buffer.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self))
            }
        }
    }
}

/// Offsets in `struct seccomp_data`.
enum CallField {
    static let number: UInt32 = 0
    static let architecture: UInt32 = 4

    static func low(_ argument: UInt32) -> UInt32 { 16 + 8 * argument + (isBigEndian ? 4 : 0) }
    static func high(_ argument: UInt32) -> UInt32 { 16 + 8 * argument + (isBigEndian ? 0 : 4) }

    private static var isBigEndian: Bool { 1.bigEndian == 1 }
}
