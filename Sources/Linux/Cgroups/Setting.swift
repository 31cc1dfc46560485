/// One value to write into one file of a group.
package struct Setting: Hashable, Sendable {
    /// The file's name, which begins with its controller's: `memory.max`.
    package var file: String
    package var value: String
    /// Goes behind the first word that the file holds now: `cpu.max` has two, and only one of them was asked for.
    package var keepsFirstWord: Bool
    /// A file that only some kernels have, and that the asked-for setting does not need.
    package var isOptional: Bool
    /// What to write instead where `file` does not exist.
    package var otherwise: [Setting]
    /// What to do about it where neither exists.
    package var remedy: String

    package init(
        _ file: String, _ value: String, keepsFirstWord: Bool = false, isOptional: Bool = false,
        otherwise: [Setting] = [], remedy: String = ""
    ) {
        self.file = file
        self.value = value
        self.keepsFirstWord = keepsFirstWord
        self.isOptional = isOptional
        self.otherwise = otherwise
        self.remedy = remedy
    }
}

/// A family of settings as asked for; `nil` and empty fields leave the kernel's value alone.
///
/// Values in, ``Setting``s out: nothing here touches the kernel, so both worlds are tested on any machine. ``Cgroup``
/// asks each controller once per `apply`, and is the only one that writes.
package protocol Controller: Hashable, Sendable {
    /// What nobody asked for anything of.
    init()

    /// The controllers that hold these settings; where a machine has none of them is where asking fails.
    static func names(on hierarchy: Hierarchy) -> [ControllerName]

    /// What to write on `hierarchy`, in an order that takes a new group there.
    ///
    /// Files that constrain one another may have to be written in another order when a group already has values:
    /// ``SettingsOrder`` finds it.
    ///
    /// - Throws: ``CgroupError/unsupported(controller:knob:remedy:)`` for a knob that `hierarchy` does not have,
    ///   ``CgroupError/invalid(controller:knob:why:)`` for values that no kernel takes.
    func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting]

    /// What was asked for and has no effect, each with its reason, for the log.
    func ignored(on hierarchy: Hierarchy) -> [String]
}

extension Controller {
    package func ignored(on hierarchy: Hierarchy) -> [String] { [] }

    var isAskedFor: Bool { self != Self() }
}

/// The most that a group may have of something.
package enum Limit: Hashable, Sendable {
    case unlimited
    case at(UInt64)

    /// As runtime-spec writes it: any negative number is no limit.
    package init(_ number: Int64) {
        self = number < 0 ? .unlimited : .at(UInt64(number))
    }

    func written(on hierarchy: Hierarchy) -> String {
        switch self {
        case .unlimited: hierarchy == .v1 ? "-1" : "max"
        case .at(let number): "\(number)"
        }
    }

    /// Runtime-spec's zero: as if the field were absent, which is what every runtime makes of it.
    var isUnset: Bool { self == .at(0) }
}

extension Limit: Comparable {
    package static func < (left: Limit, right: Limit) -> Bool {
        switch (left, right) {
        case (.unlimited, _): false
        case (.at, .unlimited): true
        case (.at(let left), .at(let right)): left < right
        }
    }
}
