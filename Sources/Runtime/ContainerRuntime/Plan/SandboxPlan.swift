package import LinuxKernel
package import RuntimeSpec

/// Everything that makes a container, in the order in which it is done: a pure value.
///
/// Compiled from a `config.json` by ``init(spec:id:options:)`` without a system call, and performed by ``Launcher``.
package struct SandboxPlan: Equatable, Sendable {
    /// A namespace that exists already.
    package struct JoinedNamespace: Equatable, Sendable {
        package var kind: Namespaces
        package var path: String
    }

    package struct UserNamespace: Equatable, Sendable {
        package var users: [IDMap]
        package var groups: [IDMap]
    }

    package var id: String
    package var bundle: String
    package var options: PlanOptions
    /// The specification it was compiled from, for the parts that other rooms perform (groups, seccomp, hooks).
    package var spec: RuntimeSpec
    /// The text that `spec` was read from, kept with the container; empty to write it anew.
    package var specText: [UInt8] = []
    /// Made by clone3(2) itself.
    package var newNamespaces: Namespaces
    /// All that the container has of its own or shares with others, new and joined.
    package var allNamespaces: Namespaces
    /// Entered by the parent around the clone: it has the privileges, the child inherits the place.
    package var joinedByParent: [JoinedNamespace]
    /// Entered by an intermediate process, since it gives our privileges away for good.
    package var joinedUserNamespace: JoinedNamespace?
    /// The ids of a new user namespace.
    package var userNamespace: UserNamespace?
    /// What `/proc/self/timens_offsets` gets.
    package var timeOffsets: String?
    /// Absolute, on the host.
    package var rootfs: String
    /// Bind sources that the parent opens, as the child may not reach them; in the order of the mounts.
    package var opensSourcesInParent: Bool
    package var steps: [SandboxStep]
    /// `nil` for a container that can only be created.
    package var process: ProcessPlan?

    package var annotations: [String: String] { spec.annotations ?? [:] }
    package var hooks: RuntimeSpec.Hooks { spec.hooks ?? RuntimeSpec.Hooks() }
}
