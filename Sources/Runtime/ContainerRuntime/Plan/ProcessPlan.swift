package import LinuxKernel
package import RuntimeSpec

/// A program and all that the kernel must know about it before it runs.
///
/// Of a container's first process, and of those that `exec` adds.
package struct ProcessPlan: Equatable, Sendable {
    package struct Rlimit: Equatable, Sendable {
        package var resource: LimitedResource
        package var soft: UInt64
        package var hard: UInt64
    }

    package struct IOPriority: Equatable, Sendable {
        package var `class`: Int32
        package var level: Int32
    }

    package struct CapabilityPlan: Equatable, Sendable {
        package var bounding: CapabilitySet = []
        package var effective: CapabilitySet = []
        package var permitted: CapabilitySet = []
        package var inheritable: CapabilitySet = []
        package var ambient: CapabilitySet = []
    }

    package var arguments: [String]
    package var environment: [String]
    package var directory: String
    package var user: UInt32
    package var group: UInt32
    package var groups: [UInt32]
    /// The caller's groups stay instead: for users whose files only those groups can read.
    package var keepsGroups = false
    /// Replaces the caller's file creation mask.
    package var creationMask: UInt32
    package var capabilities: CapabilityPlan
    package var rlimits: [Rlimit]
    package var noNewPrivileges: Bool
    package var appArmorProfile: String?
    package var selinuxLabel: String?
    package var oomScore: Int?
    package var scheduling: Limits.Scheduling?
    package var ioPriority: IOPriority?
    package var personality: UInt?
    /// Processors of an `exec`: before and after it moves into the control group.
    package var initialProcessors: [Int]?
    package var finalProcessors: [Int]?
    package var wantsTerminal: Bool
    package var terminalSize: RuntimeSpec.ConsoleSize?
    /// The name of a session keyring of its own.
    package var keyring: String?
    /// Descriptors from 3 on that the program inherits.
    package var inheritedDescriptors: Int32
}
