@testable internal import Seccomp
internal import Testing

@Suite("the prologue")
struct PrologueTests {
    private let notImplemented: UInt32 = 0x0005_0026
    private let passedOn: UInt32 = 0x1234

    private func answer(_ prologue: FilterPrologue, _ call: Call) -> UInt32? {
        FilterMachine.answer(prologue.instructions + [.answer(passedOn)], to: call)
    }

    @Test func `is nothing when nobody needs it`() {
        let prologue = FilterPrologue(sections: [.init(architecture: .x86_64), .init(architecture: .x86)])
        #expect(prologue.instructions.isEmpty)
    }

    @Test func `says ENOSYS above the newest number of each architecture, and nothing below`() {
        let prologue = FilterPrologue(sections: [
            .init(architecture: .x86_64, newestKnown: 450), .init(architecture: .x86, newestKnown: 440),
            .init(architecture: .x32, newestKnown: 0x4000_0000 + 430), .init(architecture: .aarch64),
        ])
        for (architecture, offset, newest) in [
            (SeccompArchitecture.x86_64, UInt32(0), UInt32(450)), (.x86, 0, 440), (.x32, 0x4000_0000, 430),
        ] {
            for number in [UInt32(0), newest - 1, newest] {
                #expect(answer(prologue, Call(offset + number, architecture)) == passedOn)
            }
            for number in [newest + 1, 9999, 0x3fff_ffff] {
                #expect(answer(prologue, Call(offset + number, architecture)) == notImplemented)
            }
        }
        #expect(answer(prologue, Call(9999, .aarch64)) == passedOn)
        #expect(answer(prologue, Call(9999, .s390x)) == passedOn)
    }

    @Test func `leaves x32 to the library when only x86_64 is asked for`() {
        let prologue = FilterPrologue(sections: [.init(architecture: .x86_64, newestKnown: 450)])
        #expect(answer(prologue, Call(451)) == notImplemented)
        #expect(answer(prologue, Call(0x4000_0000 + 9999)) == passedOn)
        #expect(answer(prologue, Call(0xffff_ffff)) == passedOn)
    }

    @Test func `answers for calls that the library cannot name, rule by rule`() {
        let call = FilterPrologue.Call(
            number: 462,
            rules: [
                .init(action: .allow, conditions: [SeccompCondition(0, .equal, 7)]),
                .init(action: .log, conditions: [SeccompCondition(1, .greater, 1 << 40)]),
            ], otherwise: .errno(1))
        let prologue = FilterPrologue(sections: [
            .init(architecture: .x86_64, calls: [call], newestKnown: 462),
            .init(architecture: .x86, calls: [call]),
        ])
        for architecture in [SeccompArchitecture.x86_64, .x86] {
            #expect(answer(prologue, Call(462, architecture, [7])) == SeccompAction.allow.code)
            #expect(answer(prologue, Call(462, architecture, [8, 1 << 41])) == SeccompAction.log.code)
            #expect(answer(prologue, Call(462, architecture, [8])) == SeccompAction.errno(1).code)
            #expect(answer(prologue, Call(461, architecture)) == passedOn)
        }
        #expect(answer(prologue, Call(463)) == notImplemented)
        #expect(answer(prologue, Call(463, .x86)) == passedOn)
    }

    @Test func `has these instructions for one architecture`() {
        let prologue = FilterPrologue(sections: [.init(architecture: .aarch64, newestKnown: 450)])
        #expect(
            prologue.instructions.bytes == [
                0x20, 0, 0, 0, 4, 0, 0, 0,  // load arch
                0x15, 0, 1, 0, 0xb7, 0, 0, 0xc0,  // aarch64: over the next
                0x05, 0, 0, 0, 4, 0, 0, 0,  // else past this section
                0x20, 0, 0, 0, 0, 0, 0, 0,  // load number
                0x25, 0, 0, 1, 0xc2, 1, 0, 0,  // above 450:
                0x06, 0, 0, 0, 0x26, 0, 5, 0,  // ENOSYS
                0x05, 0, 0, 0, 0, 0, 0, 0,  // on to the library's filter
            ])
    }
}
