internal import CLinux
internal import Glibc

extension SeccompProgram {
    /// Makes the filter that `profile` describes.
    ///
    /// Calls that are answered by their number alone, most of any profile, go into a tree of our own; for those whose
    /// arguments decide, libseccomp's filter follows. A millisecond or two: ``SeccompCache`` spares them. Asks nothing of
    /// the kernel but a memory file. Names that neither libseccomp nor ``NewestCalls`` knows are skipped, as every
    /// runtime does: a profile lists calls of machines that this one is not.
    ///
    /// - Throws: ``SeccompError/invalidProfile(_:)`` for a condition on an argument that no call has.
    package static func compile(_ profile: SeccompProfile) throws(SeccompError) -> SeccompProgram {
        for rule in profile.rules {
            for condition in rule.conditions where condition.argument > 5 {
                throw .invalidProfile("\(rule.names.first ?? ""): a call has no argument \(condition.argument)")
            }
        }
        let calls = ProfileCalls(profile)
        let library = try LibraryFilter(defaultAction: profile.defaultAction)
        for architecture in profile.allArchitectures { try library.add(architecture) }
        for rule in profile.rules {
            for name in rule.names where calls.needLibrary(name) { try library.add(rule, for: name) }
        }
        let bytes = calls.prologue.instructions.bytes + (try library.exported())
        guard bytes.count / 8 <= 4096 else {
            throw .invalidProfile("makes \(bytes.count / 8) instructions; the kernel takes 4096")
        }
        return SeccompProgram(bytes: bytes, flags: profile.flags, notifies: profile.notifies)
    }
}

extension SeccompProfile {
    /// The profile's architectures, the machine's own first whether it is named or not.
    var allArchitectures: [SeccompArchitecture] {
        var all: [SeccompArchitecture] = [.native]
        for architecture in architectures where !all.contains(architecture) { all.append(architecture) }
        return all
    }
}

/// A profile by call: who answers for which.
struct ProfileCalls {
    private let profile: SeccompProfile
    /// What each named call gets when nothing but its name matters; `nil` when it does.
    private let plainActions: [String: SeccompAction?]
    private let sharesNumbers: Bool

    init(_ profile: SeccompProfile) {
        self.profile = profile
        var actions: [String: SeccompAction?] = [:]
        for rule in profile.rules {
            // libseccomp takes no rule that says what the default says, conditions or not.
            let isIdle = rule.action == profile.defaultAction
            for name in rule.names {
                let action: SeccompAction? = rule.conditions.isEmpty || isIdle ? rule.action : nil
                guard let known = actions[name] else {
                    actions[name] = .some(action)
                    continue
                }
                if known == profile.defaultAction {
                    actions[name] = .some(action)
                } else if known != action, !isIdle {
                    actions[name] = .some(nil)
                }
            }
        }
        plainActions = actions
        sharesNumbers = profile.allArchitectures.contains { !SharedCalls.numbers(on: $0).isEmpty }
    }

    /// Says whether libseccomp has to have the rules of `name`.
    func needLibrary(_ name: String) -> Bool {
        plainActions[name] == .some(nil) || (sharesNumbers && SharedCalls.isOne(name))
    }

    /// Like runc, nothing is answered with ENOSYS when the default lets calls pass or says ENOSYS itself.
    var prologue: FilterPrologue {
        let hidesNewer =
            !profile.defaultAction.isPermissive && profile.defaultAction != FilterPrologue.notImplemented
        let sections = profile.allArchitectures.map { section(for: $0, hidesNewer: hidesNewer) }
        return FilterPrologue(sections: sections, otherwise: profile.defaultAction)
    }

    private func section(for architecture: SeccompArchitecture, hidesNewer: Bool) -> FilterPrologue.Section {
        var section = FilterPrologue.Section(architecture: architecture)
        for (name, action) in plainActions {
            let known = seccomp_syscall_resolve_name_arch(architecture.token, name)
            let own = known == __NR_SCMP_ERROR ? NewestCalls.number(of: name, on: architecture) : nil
            guard let number = own ?? UInt32(exactly: known) else { continue }
            if hidesNewer, !(architecture.numbersApart?.contains(number) ?? false) {
                section.newestKnown = max(section.newestKnown ?? 0, number)
            }
            section.set(answer(for: name, action, isOwn: own != nil), for: number)
        }
        // Whatever their names resolve to.
        for number in SharedCalls.numbers(on: architecture) { section.answers[number] = .library }
        return section
    }

    private func answer(for name: String, _ action: SeccompAction?, isOwn: Bool) -> Answer {
        if let action { return .action(action) }
        guard isOwn else { return .library }
        let rules = profile.rules.filter { $0.names.contains(name) && $0.action != profile.defaultAction }
        return .rules(
            rules.flatMap { rule in
                rule.alternatives.map { Answer.Rule(action: rule.action, conditions: $0) }
            }, otherwise: profile.defaultAction)
    }
}

extension FilterPrologue.Section {
    /// Two names of one number do not happen in libseccomp's tables; should they ever disagree, the library's filter,
    /// which has neither, gives the default action.
    fileprivate mutating func set(_ answer: Answer, for number: UInt32) {
        let disagrees = answers[number].map { $0 != answer } ?? false
        answers[number] = disagrees ? .library : answer
    }
}
