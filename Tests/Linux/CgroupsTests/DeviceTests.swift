@testable internal import Cgroups
internal import TestSupport
internal import Testing

/// Runs a device program as the kernel's BPF machine does; `nil` is one that its verifier refuses.
private func verdict(_ program: DeviceProgram, _ wanted: DeviceRule.Access, _ device: Device) -> Bool? {
    var registers = [UInt64](repeating: 0, count: 11)
    let context: [UInt32] = [
        UInt32(wanted.rawValue) << 16 | (device.kind == .block ? 1 : 2), device.major, device.minor,
    ]
    var index = 0
    while program.instructions.indices.contains(index) {
        let instruction = program.instructions[index]
        let destination = Int(instruction.destination)
        let low = UInt32(truncatingIfNeeded: registers[destination])
        let immediate = UInt32(bitPattern: instruction.immediate)
        index += 1
        switch instruction.code {
        case 0x61: registers[destination] = UInt64(context[Int(instruction.offset) / 4])
        case 0x54: registers[destination] = UInt64(low & immediate)
        case 0x74: registers[destination] = UInt64(low >> immediate)
        case 0xb7: registers[destination] = UInt64(bitPattern: Int64(instruction.immediate))
        case 0x05: index += Int(instruction.offset)
        case 0x45: if registers[destination] & UInt64(immediate) != 0 { index += Int(instruction.offset) }
        case 0x55: if registers[destination] != UInt64(immediate) { index += Int(instruction.offset) }
        case 0x56: if low != immediate { index += Int(instruction.offset) }
        case 0x95: return registers[0] == 1
        default: return nil
        }
    }
    return nil
}

private func someRules(_ generator: inout SplitMix64, count: Int) -> [DeviceRule] {
    (0..<count).map { _ in
        DeviceRule(
            allows: Bool.random(using: &generator),
            kind: [.all, .block, .character].randomElement(using: &generator) ?? .all,
            major: Bool.random(using: &generator) ? UInt32.random(in: 0...2, using: &generator) : nil,
            minor: Bool.random(using: &generator) ? UInt32.random(in: 0...2, using: &generator) : nil,
            access: DeviceRule.Access(rawValue: UInt8.random(in: 0...7, using: &generator)))
    }
}

private let everyQuestion: [(DeviceRule.Access, Device)] = (1...7).flatMap { access in
    [DeviceRule.Kind.block, .character].flatMap { kind in
        (0...2).flatMap { major in
            (0...2).map { minor in
                (
                    DeviceRule.Access(rawValue: UInt8(access)),
                    Device(kind: kind, major: UInt32(major), minor: UInt32(minor))
                )
            }
        }
    }
}

@Suite("device rules")
struct DeviceTests {
    @Test("mean the same to a BPF program", arguments: UInt64(0)..<500)
    func program(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let rules = someRules(&generator, count: Int.random(in: 0...8, using: &generator))
        let program = DeviceProgram(rules)
        for (wanted, device) in everyQuestion {
            #expect(verdict(program, wanted, device) == rules.allow(wanted, to: device), "seed \(seed) \(rules)")
        }
    }

    @Test func `become these bytes`() {
        let program = DeviceProgram([
            DeviceRule(allows: false),
            DeviceRule(allows: true, kind: .character, major: 1, minor: 3, access: [.read, .write]),
        ])
        #expect(
            program.bytes == [
                0x61, 0x12, 0, 0, 0, 0, 0, 0,  // r2 = kind and access
                0x61, 0x13, 0, 0, 0, 0, 0, 0,  // r3 = the same
                0x54, 2, 0, 0, 0xff, 0xff, 0, 0,  // r2 &= 0xffff
                0x74, 3, 0, 0, 16, 0, 0, 0,  // r3 >>= 16
                0x61, 0x14, 4, 0, 0, 0, 0, 0,  // r4 = major
                0x61, 0x15, 8, 0, 0, 0, 0, 0,  // r5 = minor
                0x55, 2, 6, 0, 2, 0, 0, 0,  // not a character device: next rule
                0x56, 4, 5, 0, 1, 0, 0, 0,  // not major 1
                0x56, 5, 4, 0, 3, 0, 0, 0,  // not minor 3
                0x54, 3, 0, 0, 1, 0, 0, 0,  // reading and writing are settled
                0x55, 3, 2, 0, 0, 0, 0, 0,  // something is left
                0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0,  // yes
                0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0,  // no
            ])
    }

    @Test("mean the same to the lists of v1, or are refused", arguments: UInt64(0)..<500)
    func lists(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let rules = someRules(&generator, count: Int.random(in: 0...6, using: &generator))
        guard let lists = try? DeviceExceptions(rules) else { return }
        for (wanted, device) in everyQuestion where wanted.rawValue.nonzeroBitCount == 1 {
            let isException = lists.exceptions.contains { $0.matches(device) && !$0.access.isDisjoint(with: wanted) }
            #expect((isException != lists.allowsByDefault) == rules.allow(wanted, to: device), "seed \(seed) \(rules)")
        }
    }

    @Test func `are written to v1 as the kernel reads them`() throws {
        var devices = Devices(rules: [
            DeviceRule(allows: false), DeviceRule(allows: true, kind: .character, access: .makeNode),
            DeviceRule(allows: true, kind: .character, major: 1, minor: 3),
            DeviceRule(allows: true, major: 10, minor: 229, access: [.read, .write]),
        ])
        #expect(
            try devices.settings(on: .v1).map { "\($0.file) \($0.value)" } == [
                "devices.deny a", "devices.allow c *:* m", "devices.allow c 1:3 rwm", "devices.allow c 10:229 rw",
                "devices.allow b 10:229 rw",
            ])
        #expect(try devices.settings(on: .v2).isEmpty)
        devices.rules = [DeviceRule(allows: true)]
        #expect(try devices.settings(on: .v1).map(\.file) == ["devices.allow"])
        devices.rules = []
        #expect(try devices.settings(on: .v1).isEmpty)
        devices.rules = [
            DeviceRule(allows: true, kind: .character, major: 1),
            DeviceRule(allows: false, kind: .character, major: 1, minor: 3),
        ]
        #expect(throws: CgroupError.self) { try devices.settings(on: .v1) }
    }

    @Test func `read and write their accesses`() {
        #expect(DeviceRule.Access(letters: "rwm") == .all)
        #expect(DeviceRule.Access(letters: "mr")?.letters == "rm")
        #expect(DeviceRule.Access(letters: "rx") == nil)
    }
}
