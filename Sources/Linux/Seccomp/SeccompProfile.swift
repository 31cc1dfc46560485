/// Which system calls a process may make, as a profile says it: by name.
///
/// A value of this room's own, since the rooms of the standards are above: `ContainerRuntime` fills it from a bundle,
/// `Engine` writes ``standard(for:)`` into one.
package struct SeccompProfile: Hashable, Sendable {
    /// What happens to a call that no rule names.
    package var defaultAction: SeccompAction
    /// Calls of other architectures than these end the process; the machine's own is always among them.
    package var architectures: [SeccompArchitecture]
    package var flags: SeccompFlags
    /// The Unix socket that gets the listener's descriptor when a rule says `.notify`.
    package var listenerPath: String?
    /// Handed over with the descriptor, unread.
    package var listenerMetadata: String?
    package var rules: [SeccompRule]

    package init(
        defaultAction: SeccompAction, architectures: [SeccompArchitecture] = [], flags: SeccompFlags = [],
        rules: [SeccompRule] = []
    ) {
        self.defaultAction = defaultAction
        self.architectures = architectures
        self.flags = flags
        self.rules = rules
    }

    /// Says whether some call goes to a listener.
    package var notifies: Bool {
        defaultAction == .notify || rules.contains { $0.action == .notify && !$0.names.isEmpty }
    }
}

/// What to do with some calls.
package struct SeccompRule: Hashable, Sendable {
    package var names: [String]
    package var action: SeccompAction
    /// All of them have to hold; two about the same argument are alternatives, as runc reads them.
    package var conditions: [SeccompCondition]

    package init(_ names: [String], _ action: SeccompAction, when conditions: [SeccompCondition] = []) {
        self.names = names
        self.action = action
        self.conditions = conditions
    }
}

/// A comparison of one argument, as an unsigned number of 64 bits.
package struct SeccompCondition: Hashable, Sendable {
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greater = "SCMP_CMP_GT"
        /// `argument & value == maskedValue`.
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    /// 0 to 5.
    package var argument: UInt32
    package var comparison: Comparison
    /// What to compare with; the mask of `.maskedEqual`.
    package var value: UInt64
    /// What is left under the mask; unused by the others.
    package var maskedValue: UInt64

    package init(_ argument: UInt32, _ comparison: Comparison, _ value: UInt64, maskedValue: UInt64 = 0) {
        self.argument = argument
        self.comparison = comparison
        self.value = value
        self.maskedValue = maskedValue
    }
}

/// Flags of seccomp(2) by their names in runtime-spec.
package struct SeccompFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Every thread of the process gets the filter.
    package static let synchronizeThreads = SeccompFlags(rawValue: 1 << 0)
    /// Log every action but `.allow`.
    package static let log = SeccompFlags(rawValue: 1 << 1)
    /// Leave speculative store bypass as it is.
    package static let allowSpeculation = SeccompFlags(rawValue: 1 << 2)
    /// A call that the listener has taken up is interrupted by fatal signals only; Linux 5.19.
    package static let waitKillable = SeccompFlags(rawValue: 1 << 5)

    package static let names: [(name: String, flag: SeccompFlags)] = [
        ("SECCOMP_FILTER_FLAG_TSYNC", .synchronizeThreads), ("SECCOMP_FILTER_FLAG_LOG", .log),
        ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", .allowSpeculation),
        ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", .waitKillable),
    ]

    /// The flag of this name; `nil` for one that nobody knows.
    package init?(name: String) {
        guard let flag = Self.names.first(where: { $0.name == name })?.flag else { return nil }
        self = flag
    }
}
