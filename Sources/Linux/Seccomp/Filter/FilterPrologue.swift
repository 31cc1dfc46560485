/// What runs before libseccomp's filter: answers for calls that this libseccomp has no name for, and ENOSYS for calls
/// newer than the profile.
///
/// A C library tries the newest call first and falls back when it is told ENOSYS. A profile that was written before the
/// call existed would answer EPERM instead, and the program would fail. So numbers above the highest that the profile
/// names are answered as an older kernel would. What the profile says of its own calls stays untouched.
///
/// ```
///   load arch ── is x86_64? ─ no ─────────────► next architecture … ► libseccomp's filter
///                   │ yes
///                   load number ── x32's bit? ─ yes ─► x32's section, of the same shape
///                   │ no
///                   number ≥ lowest of the new names? ── its rules, else the default action
///                   number > highest named ─────────────► ENOSYS
///                   skip to the end ────────────────────► libseccomp's filter
/// ```
struct FilterPrologue: Hashable, Sendable {
    /// What is known about one calling convention.
    struct Section: Hashable, Sendable {
        var architecture: SeccompArchitecture
        /// Calls that libseccomp cannot name, with what the profile says of them, by number.
        var calls: [Call] = []
        /// The highest number the profile names; `nil` leaves newer ones to the default action.
        var newestKnown: UInt32?

        /// x32 has 36 calls of its own above the common ones since it exists: they say nothing about newness.
        func isOutOfOrder(_ number: UInt32) -> Bool {
            architecture == .x32 && FilterPrologue.ownCallsOfX32.contains(number)
        }
    }

    fileprivate static let ownCallsOfX32: ClosedRange<UInt32> = 0x4000_0200...0x4000_0223

    struct Call: Hashable, Sendable {
        var number: UInt32
        /// Tried in order; when none holds, `otherwise`.
        var rules: [Rule]
        var otherwise: SeccompAction

        struct Rule: Hashable, Sendable {
            var action: SeccompAction
            var conditions: [SeccompCondition]
        }
    }

    static let notImplemented = SeccompAction.errno(38)

    var sections: [Section]

    var instructions: [FilterInstruction] {
        var tokens: [UInt32] = []
        for section in sections where !section.isEmpty && !tokens.contains(section.architecture.auditToken) {
            tokens.append(section.architecture.auditToken)
        }
        guard !tokens.isEmpty else { return [] }
        let bodies = tokens.map { token in body(sections.filter { $0.architecture.auditToken == token }) }
        var program: [FilterInstruction] = [.load(CallField.architecture)]
        for (index, token) in tokens.enumerated() {
            program.append(.branch(FilterInstruction.Code.jumpIfEqual, token, whenTrue: 1))
            program.append(.skip(bodies[index].count + 1))
            program += bodies[index]
            // Past the architectures that follow: two instructions, the body and this one for each.
            program.append(.skip(bodies[(index + 1)...].reduce(0) { $0 + $1.count + 3 }))
        }
        return program
    }

    /// The sections of one audit number: usually one, with x86_64's and x32's told apart by a bit of the number.
    private func body(_ sections: [Section]) -> [FilterInstruction] {
        let isShared = sections.contains { $0.architecture.auditToken == SeccompArchitecture.x86_64.token }
        guard isShared else { return [.load(CallField.number)] + sections.flatMap(Self.instructions) }
        let plain = sections.first { $0.architecture == .x86_64 }.map(Self.instructions) ?? []
        let x32 = sections.first { $0.architecture == .x32 }.map(Self.instructions) ?? []
        let isX32 = FilterInstruction.Code.jumpIfGreaterOrEqual
        var body: [FilterInstruction] = [.load(CallField.number), .branch(isX32, 0x4000_0000, whenFalse: 1)]
        body.append(.skip(plain.count + 1))
        body += plain + [.skip(x32.count)] + x32
        return body
    }

    /// One section, with the number in the accumulator; falls out at its end when it has no answer.
    private static func instructions(_ section: Section) -> [FilterInstruction] {
        var program: [FilterInstruction] = []
        for call in section.calls.sorted(by: { $0.number < $1.number }) {
            let answers = instructions(call)
            program.append(.branch(FilterInstruction.Code.jumpIfEqual, call.number, whenTrue: 1))
            program.append(.skip(answers.count))
            program += answers
        }
        if let lowest = section.calls.map(\.number).min() {
            program.insert(
                contentsOf: [
                    .branch(FilterInstruction.Code.jumpIfGreaterOrEqual, lowest, whenTrue: 1), .skip(program.count),
                ], at: 0)
        }
        if let newest = section.newestKnown {
            let range = ownCallsOfX32
            let exempt: [FilterInstruction] =
                section.architecture == .x32
                ? [
                    .branch(FilterInstruction.Code.jumpIfGreaterOrEqual, range.lowerBound, whenFalse: 1),
                    .branch(FilterInstruction.Code.jumpIfGreater, range.upperBound, whenFalse: 1),
                ] : []
            program.append(.branch(FilterInstruction.Code.jumpIfGreater, newest, whenFalse: exempt.count + 1))
            program += exempt + [.answer(notImplemented.code)]
        }
        return program
    }

    /// Always ends with an answer.
    private static func instructions(_ call: Call) -> [FilterInstruction] {
        var program: [FilterInstruction] = []
        for rule in call.rules {
            program += ArgumentTest.instructions(allOf: rule.conditions) + [.answer(rule.action.code)]
            if rule.conditions.isEmpty { return program }
        }
        return program + [.answer(call.otherwise.code)]
    }
}

extension FilterPrologue.Section {
    fileprivate var isEmpty: Bool { calls.isEmpty && newestKnown == nil }
}
