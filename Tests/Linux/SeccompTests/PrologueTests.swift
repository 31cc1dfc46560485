@testable internal import Seccomp
internal import TestSupport
internal import Testing

@Suite("the prologue")
struct PrologueTests {
    private let notImplemented: UInt32 = 0x0005_0026
    private let refused = SeccompAction.errno(1).code
    private let passedOn: UInt32 = 0x1234

    private func answer(_ sections: [FilterPrologue.Section], _ call: Call) -> UInt32? {
        let prologue = FilterPrologue(sections: sections, otherwise: .errno(1))
        return FilterMachine.answer(prologue.instructions + [.answer(passedOn)], to: call)
    }

    @Test func `says ENOSYS above the newest number of each architecture, and nothing below`() {
        let sections: [FilterPrologue.Section] = [
            .init(architecture: .x86_64, newestKnown: 450), .init(architecture: .x86, newestKnown: 440),
            .init(architecture: .x32, newestKnown: 0x4000_0000 + 430), .init(architecture: .aarch64),
        ]
        for (architecture, offset, newest) in [
            (SeccompArchitecture.x86_64, UInt32(0), UInt32(450)), (.x86, 0, 440), (.x32, 0x4000_0000, 430),
        ] {
            for number in [UInt32(0), newest - 1, newest] {
                #expect(answer(sections, Call(offset + number, architecture)) == refused)
            }
            for number in [newest + 1, 9999, 0x3fff_ffff] {
                #expect(answer(sections, Call(offset + number, architecture)) == notImplemented)
            }
        }
        for number: UInt32 in [512, 547] { #expect(answer(sections, Call(0x4000_0000 + number, .x32)) == refused) }
        for number: UInt32 in [511, 548] {
            #expect(answer(sections, Call(0x4000_0000 + number, .x32)) == notImplemented)
        }
        #expect(answer(sections, Call(0xffff_ffff)) == notImplemented)
        #expect(answer(sections, Call(9999, .aarch64)) == refused)
        #expect(answer(sections, Call(9999, .s390x)) == passedOn)
    }

    @Test func `leaves x32 to the library when only x86_64 is asked for`() {
        let sections: [FilterPrologue.Section] = [.init(architecture: .x86_64, newestKnown: 450)]
        #expect(answer(sections, Call(451)) == notImplemented)
        #expect(answer(sections, Call(0x4000_0000 + 9999)) == passedOn)
        #expect(answer(sections, Call(0xffff_ffff)) == passedOn)
    }

    @Test func `answers for calls that the library cannot name, rule by rule`() {
        let rules = Answer.rules(
            [
                .init(action: .allow, conditions: [SeccompCondition(0, .equal, 7)]),
                .init(action: .log, conditions: [SeccompCondition(1, .greater, 1 << 40)]),
            ], otherwise: .trap)
        let sections: [FilterPrologue.Section] = [
            .init(architecture: .x86_64, answers: [462: rules, 460: .library], newestKnown: 462),
            .init(architecture: .x86, answers: [462: rules]),
        ]
        for architecture in [SeccompArchitecture.x86_64, .x86] {
            #expect(answer(sections, Call(462, architecture, [7])) == SeccompAction.allow.code)
            #expect(answer(sections, Call(462, architecture, [8, 1 << 41])) == SeccompAction.log.code)
            #expect(answer(sections, Call(462, architecture, [8])) == SeccompAction.trap.code)
            #expect(answer(sections, Call(461, architecture)) == refused)
        }
        #expect(answer(sections, Call(460)) == passedOn)
        #expect(answer(sections, Call(463)) == notImplemented)
        #expect(answer(sections, Call(463, .x86)) == refused)
    }

    @Test("finds any answer among any number of them", arguments: UInt64(0)..<40)
    func random(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var section = FilterPrologue.Section(architecture: .aarch64)
        let spread = UInt32.random(in: 1...1500, using: &generator)
        for _ in 0..<Int.random(in: 0...600, using: &generator) {
            let answers: [Answer] = [
                .action(.allow), .action(.log), .action(.errno(1)), .library,
                .action(.errno(UInt16.random(in: 2...90, using: &generator))),
                .rules([.init(action: .trap, conditions: [.init(0, .equal, 1)])], otherwise: .allow),
            ]
            section.answers[UInt32.random(in: 0...spread, using: &generator)] = answers.randomElement(using: &generator)
        }
        if Bool.random(using: &generator) { section.newestKnown = section.answers.keys.max() }
        let program = FilterPrologue(sections: [section], otherwise: .errno(1)).instructions + [.answer(passedOn)]
        for number in 0...(spread + 2) {
            let expected: UInt32 =
                switch section.answers[number] {
                case .action(let action): action.code
                case .library: passedOn
                case .rules: SeccompAction.trap.code
                case nil: section.newestKnown.map { number > $0 } ?? false ? notImplemented : refused
                }
            let call = Call(number, .aarch64, [1])
            #expect(FilterMachine.answer(program, to: call) == expected, "seed \(seed), number \(number)")
        }
    }

    @Test func `has these instructions for one allowed call`() {
        let section = FilterPrologue.Section(architecture: .aarch64, answers: [7: .action(.allow)])
        #expect(
            FilterPrologue(sections: [section], otherwise: .errno(1)).instructions.bytes == [
                0x20, 0, 0, 0, 4, 0, 0, 0,  // load arch
                0x15, 0, 1, 0, 0xb7, 0, 0, 0xc0,  // aarch64: over the next
                0x05, 0, 0, 0, 5, 0, 0, 0,  // else past this section
                0x20, 0, 0, 0, 0, 0, 0, 0,  // load number
                0x35, 0, 0, 1, 7, 0, 0, 0,  // below 7: EPERM
                0x35, 0, 0, 1, 8, 0, 0, 0,  // from 8 on: EPERM, else allowed
                0x06, 0, 0, 0, 1, 0, 5, 0,  // EPERM
                0x06, 0, 0, 0, 0, 0, 0xff, 0x7f,  // allowed
            ])
    }
}
