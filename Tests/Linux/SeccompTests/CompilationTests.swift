@testable internal import Seccomp
internal import TestSupport
internal import Testing

@Suite("compiling a profile")
struct CompilationTests {
    private let getpid: UInt32 = 39
    private let reboot: UInt32 = 169

    @Test func `keeps what the profile says of its own calls`() throws {
        let profile = SeccompProfile(
            defaultAction: .errno(1), architectures: [.x86_64, .x86, .x32],
            rules: [
                SeccompRule(["getpid", "mseal", "no_such_call"], .allow),
                SeccompRule(["reboot"], .killProcess), SeccompRule(["kill"], .errno(13), when: [.init(1, .equal, 9)]),
            ])
        let program = try SeccompProgram.compile(profile)
        #expect(program.answer(to: Call(getpid)) == SeccompAction.allow.code)
        #expect(program.answer(to: Call(20, .x86)) == SeccompAction.allow.code)
        #expect(program.answer(to: Call(0x4000_0000 + getpid, .x32)) == SeccompAction.allow.code)
        #expect(program.answer(to: Call(reboot)) == SeccompAction.killProcess.code)
        #expect(program.answer(to: Call(62, .x86_64, [1, 9])) == SeccompAction.errno(13).code)
        #expect(program.answer(to: Call(62, .x86_64, [1, 10])) == SeccompAction.errno(1).code)
        #expect(program.answer(to: Call(0)) == SeccompAction.errno(1).code)
        for (architecture, offset) in [(SeccompArchitecture.x86_64, UInt32(0)), (.x86, 0), (.x32, 0x4000_0000)] {
            #expect(program.answer(to: Call(offset + 462, architecture)) == SeccompAction.allow.code)
            #expect(program.answer(to: Call(offset + 463, architecture)) == SeccompAction.errno(38).code)
            #expect(program.answer(to: Call(offset + 9999, architecture)) == SeccompAction.errno(38).code)
            #expect(program.answer(to: Call(offset + 461, architecture)) == SeccompAction.errno(1).code)
        }
        #expect(program.answer(to: Call(0, .aarch64)) == SeccompAction.killThread.code)
    }

    @Test(
        "tells nobody ENOSYS when calls pass by default, or are told so anyway",
        arguments: [SeccompAction.allow, .log, .trace(1), .errno(38)])
    func defaults(action: SeccompAction) throws {
        let profile = SeccompProfile(defaultAction: action, rules: [SeccompRule(["reboot"], .errno(1))])
        let program = try SeccompProgram.compile(profile)
        #expect(program.answer(to: Call(9999)) == action.code)
        #expect(program.answer(to: Call(reboot)) == SeccompAction.errno(1).code)
    }

    @Test(
        "hides newer calls behind ENOSYS whatever else happens to unnamed ones",
        arguments: [SeccompAction.killProcess, .killThread, .trap, .errno(1), .notify])
    func hidden(action: SeccompAction) throws {
        let profile = SeccompProfile(defaultAction: action, rules: [SeccompRule(["getpid", "clone3"], .allow)])
        let program = try SeccompProgram.compile(profile)
        #expect(program.answer(to: Call(436)) == SeccompAction.errno(38).code)
        #expect(program.answer(to: Call(434)) == action.code)
    }

    @Test func `takes two conditions on one argument as alternatives`() throws {
        let rule = SeccompRule(
            ["personality", "mseal"], .allow, when: [.init(0, .equal, 0), .init(0, .equal, 8)])
        let program = try SeccompProgram.compile(SeccompProfile(defaultAction: .errno(1), rules: [rule]))
        for number: UInt32 in [135, 462] {
            #expect(program.answer(to: Call(number, .x86_64, [0])) == SeccompAction.allow.code)
            #expect(program.answer(to: Call(number, .x86_64, [8])) == SeccompAction.allow.code)
            #expect(program.answer(to: Call(number, .x86_64, [4])) == SeccompAction.errno(1).code)
        }
    }

    @Test func `refuses a condition on a seventh argument`() {
        let profile = SeccompProfile(
            defaultAction: .allow, rules: [SeccompRule(["read"], .errno(1), when: [.init(6, .equal, 0)])])
        #expect(throws: SeccompError.invalidProfile("read: a call has no argument 6")) {
            try SeccompProgram.compile(profile)
        }
    }

    @Test(
        "says what libseccomp alone would have said, for every call of every architecture",
        arguments: [[], ["CAP_SYS_ADMIN", "CAP_SYS_TIME"]] as [Set<String>])
    func reference(capabilities: Set<String>) throws {
        let profile = SeccompProfile.default(capabilities: capabilities)
        let program = [FilterInstruction](bytes: try SeccompProgram.compile(profile).bytes)
        let library = try LibraryFilter(defaultAction: profile.defaultAction)
        for architecture in profile.allArchitectures { try library.add(architecture) }
        for rule in profile.rules { for name in rule.names { try library.add(rule, for: name) } }
        let reference = [FilterInstruction](bytes: try library.exported())
        for (architecture, offset) in [(SeccompArchitecture.x86_64, UInt32(0)), (.x86, 0), (.x32, 0x4000_0000)] {
            // From 457 on the library has no names.
            for number: UInt32 in Array(0...456) + (architecture == .x32 ? Array(512...547) : []) {
                for argument: UInt64 in [0, 1, 2, 8, 17, 38, 40, 0x1000_0011, 0x4_0000, 1 << 32, .max] {
                    let call = Call(offset + number, architecture, [argument, argument])
                    let expected = FilterMachine.answer(reference, to: call)
                    #expect(FilterMachine.answer(program, to: call) == expected, "\(call)")
                }
            }
        }
    }

    @Test("answers as the profile does, call by call", arguments: UInt64(0)..<60)
    func random(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let names = ["read", "write", "kill", "ptrace", "socket", "mseal", "listmount", "prctl", "reboot", "openat2"]
        let actions: [SeccompAction] = [.allow, .errno(5), .trap, .log, .killProcess, .trace(3)]
        var profile = SeccompProfile(defaultAction: actions.randomElement(using: &generator) ?? .allow)
        // One rule a call: libseccomp orders rules of one call by its own lights.
        for name in names where Bool.random(using: &generator) {
            let conditions = Set((0..<Int.random(in: 0...3, using: &generator)).map { _ in UInt32.random(in: 0...5) })
                .map { argument in
                    SeccompCondition(
                        argument, SeccompCondition.Comparison.allCases.randomElement(using: &generator) ?? .equal,
                        UInt64.random(in: 0...3, using: &generator),
                        maskedValue: UInt64.random(in: 0...3, using: &generator))
                }
            let usable = conditions.filter { $0.comparison != .maskedEqual || $0.maskedValue & ~$0.value == 0 }
            profile.rules.append(
                SeccompRule([name], actions.randomElement(using: &generator) ?? .allow, when: usable))
        }
        let program = try SeccompProgram.compile(profile)
        let numbers: [UInt32] = [0, 1, 62, 101, 41, 462, 458, 157, 169, 437]
        for _ in 0..<200 {
            let index = Int.random(in: 0..<10, using: &generator)
            let arguments = (0..<6).map { _ in UInt64.random(in: 0...4, using: &generator) }
            let call = Call(numbers[index], .x86_64, arguments)
            let rule = profile.rules.first { $0.names == [names[index]] }
            let matches = rule?.conditions.allSatisfy { $0.holds(for: arguments) } ?? false
            let expected = matches ? (rule?.action ?? .allow) : profile.defaultAction
            let newest = profile.rules.compactMap { names.firstIndex(of: $0.names[0]) }.map { numbers[$0] }.max()
            let isNewer = numbers[index] > newest ?? .max && !profile.defaultAction.isPermissive
            #expect(
                program.answer(to: call) == (isNewer ? FilterPrologue.notImplemented.code : expected.code),
                "seed \(seed): \(call) under \(profile)")
        }
    }
}
