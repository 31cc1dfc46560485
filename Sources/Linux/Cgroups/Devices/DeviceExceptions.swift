/// What the `devices` controller of v1 can hold: one answer for everything, and exceptions to it.
///
/// Rules in order say more than that. Here they are reduced to it, and refused where v1 has no words for them: it
/// cannot take one device out of a range that was allowed.
///
/// Source: cgroup-v1/devices.rst; security/device_cgroup.c, Linux 6.1.
struct DeviceExceptions: Hashable, Sendable {
    private(set) var allowsByDefault = false
    /// Each disagrees with the default.
    private(set) var exceptions: [DeviceRule] = []

    /// - Throws: ``CgroupError/unsupported(controller:knob:remedy:)``.
    init(_ rules: [DeviceRule]) throws(CgroupError) {
        for rule in rules where !rule.access.isEmpty {
            if rule.isAboutEverything {
                allowsByDefault = rule.allows
                exceptions = []
            } else if rule.allows == allowsByDefault {
                try takeBack(rule)
            } else {
                add(rule)
            }
        }
    }

    /// The files and lines to write into a group, in order.
    ///
    /// A new group has its parent's answers, so the first line always settles the default.
    var writes: [(file: String, line: String)] {
        var writes = [(allowsByDefault ? "devices.allow" : "devices.deny", "a")]
        for exception in exceptions {
            writes.append((allowsByDefault ? "devices.deny" : "devices.allow", exception.line))
        }
        return writes
    }

    private mutating func add(_ rule: DeviceRule) {
        for rule in Self.oneOfEachKind(rule) {
            if let same = exceptions.firstIndex(where: { $0.isAboutSame(as: rule) }) {
                exceptions[same].access.formUnion(rule.access)
            } else {
                exceptions.append(rule)
            }
        }
    }

    /// Makes the default hold again for `rule`, which needs every exception it touches to lie wholly within it.
    private mutating func takeBack(_ rule: DeviceRule) throws(CgroupError) {
        for exception in exceptions where exception.overlaps(rule) && !rule.covers(exception) {
            throw .unsupported(
                controller: "devices", knob: "\(rule.allows ? "allow" : "deny") \(rule.line)",
                remedy:
                    "cgroup v1 cannot take one device out of the range \(exception.line); list the devices one by one"
            )
        }
        for index in exceptions.indices.reversed() where rule.covers(exceptions[index]) {
            exceptions[index].access.subtract(rule.access)
            if exceptions[index].access.isEmpty { exceptions.remove(at: index) }
        }
    }

    /// `a` with numbers means block and character; as an exception the kernel takes `a` for everything whatever its
    /// numbers are, so that must never be written.
    private static func oneOfEachKind(_ rule: DeviceRule) -> [DeviceRule] {
        guard rule.kind == .all else { return [rule] }
        var block = rule
        var character = rule
        block.kind = .block
        character.kind = .character
        return [character, block]
    }
}

extension DeviceRule {
    fileprivate func isAboutSame(as other: DeviceRule) -> Bool {
        kind == other.kind && major == other.major && minor == other.minor
    }

    /// Every device of `other` is one of this rule's.
    fileprivate func covers(_ other: DeviceRule) -> Bool {
        (kind == .all || kind == other.kind) && (major == nil || major == other.major)
            && (minor == nil || minor == other.minor) && !access.isDisjoint(with: other.access)
    }

    fileprivate func overlaps(_ other: DeviceRule) -> Bool {
        (kind == .all || other.kind == .all || kind == other.kind)
            && (major == nil || other.major == nil || major == other.major)
            && (minor == nil || other.minor == nil || minor == other.minor) && !access.isDisjoint(with: other.access)
    }
}
