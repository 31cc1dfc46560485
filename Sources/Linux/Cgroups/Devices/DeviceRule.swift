/// One line of who may touch which device.
///
/// Rules apply in order to a group that starts with nothing allowed: for each access, the last rule that matches the
/// device and has that access decides.
package struct DeviceRule: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        /// Every device, block and character.
        case all
        case block
        case character
    }

    package struct Access: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        // The numbers are the kernel's: BPF_DEVCG_ACC_MKNOD, _READ and _WRITE.
        package static let makeNode = Access(rawValue: 1)
        package static let read = Access(rawValue: 2)
        package static let write = Access(rawValue: 4)
        package static let all: Access = [.read, .write, .makeNode]
    }

    package var allows: Bool
    package var kind: Kind
    /// `nil` is every number.
    package var major: UInt32?
    package var minor: UInt32?
    package var access: Access

    package init(
        allows: Bool, kind: Kind = .all, major: UInt32? = nil, minor: UInt32? = nil, access: Access = .all
    ) {
        self.allows = allows
        self.kind = kind
        self.major = major
        self.minor = minor
        self.access = access
    }

    /// Says whether `device` is one this rule is about.
    package func matches(_ device: Device) -> Bool {
        (kind == .all || kind == device.kind) && (major == nil || major == device.major)
            && (minor == nil || minor == device.minor)
    }

    var isAboutEverything: Bool { kind == .all && major == nil && minor == nil && access == .all }

    /// As the `devices.allow` and `devices.deny` files of v1 take it.
    var line: String {
        let letter =
            switch kind {
            case .all: "a"
            case .block: "b"
            case .character: "c"
            }
        return "\(letter) \(major.map { "\($0)" } ?? "*"):\(minor.map { "\($0)" } ?? "*") \(access.letters)"
    }
}

extension DeviceRule.Access {
    /// Reads `rwm` in any order; `nil` for other letters.
    package init?(letters: String) {
        self = []
        for letter in letters.utf8 {
            switch letter {
            case UInt8(ascii: "r"): insert(.read)
            case UInt8(ascii: "w"): insert(.write)
            case UInt8(ascii: "m"): insert(.makeNode)
            default: return nil
            }
        }
    }

    package var letters: String {
        (contains(.read) ? "r" : "") + (contains(.write) ? "w" : "") + (contains(.makeNode) ? "m" : "")
    }
}

/// A device that a process wants to touch.
package struct Device: Hashable, Sendable {
    package var kind: DeviceRule.Kind
    package var major: UInt32
    package var minor: UInt32

    package init(kind: DeviceRule.Kind, major: UInt32, minor: UInt32) {
        self.kind = kind
        self.major = major
        self.minor = minor
    }
}

extension [DeviceRule] {
    /// What the rules mean, without any kernel: every access that was asked for must be allowed.
    package func allow(_ wanted: DeviceRule.Access, to device: Device) -> Bool {
        var undecided = wanted
        for rule in reversed() where rule.matches(device) {
            if rule.allows {
                undecided.subtract(rule.access)
                if undecided.isEmpty { return true }
            } else if !undecided.isDisjoint(with: rule.access) {
                return false
            }
        }
        return undecided.isEmpty
    }
}
