package import LinuxKernel

/// Ids of a user namespace: `size` of them from `inside` on are those from `outside` on.
package struct IDMap: Equatable, Sendable, CustomStringConvertible {
    package var inside: UInt32
    package var outside: UInt32
    package var size: UInt32

    package init(inside: UInt32, outside: UInt32, size: UInt32) {
        self.inside = inside
        self.outside = outside
        self.size = size
    }

    /// As a line of `/proc/PID/uid_map`.
    package var description: String { "\(inside) \(outside) \(size)" }
}

/// One mount of the container, ready to be performed.
package struct MountPlan: Equatable, Sendable, CustomStringConvertible {
    package struct Option: Equatable, Sendable {
        package var key: String
        /// Absent for a flag.
        package var value: String?

        package init(_ key: String, _ value: String? = nil) {
            self.key = key
            self.value = value
        }

        package var text: String { value.map { "\(key)=\($0)" } ?? key }
    }

    package enum Kind: Equatable, Sendable {
        case filesystem(type: String, source: String, options: [Option])
        /// What is at an absolute path of the host.
        case bind(source: String, recursive: Bool)
        /// The container's own groups, in whichever layout the machine has.
        case cgroup
        /// Nothing new: other attributes for what is there.
        case remount
    }

    /// Attributes to set and to clear, of one mount or of a whole tree.
    package struct Change: Equatable, Sendable {
        package var set: MountAttributes = []
        package var clear: MountAttributes = []

        package init(set: MountAttributes = [], clear: MountAttributes = []) {
            self.set = set
            self.clear = clear
        }

        package var isEmpty: Bool { self.set.isEmpty && clear.isEmpty }
    }

    package struct Spread: Equatable, Sendable {
        package var propagation: MountPropagation
        package var recursive: Bool

        package init(_ propagation: MountPropagation, recursive: Bool) {
            self.propagation = propagation
            self.recursive = recursive
        }
    }

    package enum IDMapping: Equatable, Sendable {
        /// As the container's user namespace has it.
        case container
        case own(users: [IDMap], groups: [IDMap])
    }

    /// Absolute, in the container.
    package var destination: String
    package var kind: Kind
    package var change = Change()
    package var recursiveChange = Change()
    /// In the order in which they were asked for.
    package var spreads: [Spread] = []
    package var idMapping: IDMapping?
    /// What of a bind's source is meant: resolved below it, so that no link in there leads anywhere else.
    package var subpath: String?
    package var idMapsRecursively = false
    /// Fill a new tmpfs with what it hides.
    package var copiesUp = false
    /// How the options were written, for messages.
    package var written: [String] = []

    package init(destination: String, kind: Kind) {
        self.destination = destination
        self.kind = kind
    }

    package var description: String {
        let what =
            switch kind {
            case .filesystem(let type, let source, _): type == source ? type : "\(type) (\(source))"
            case .bind(let source, let recursive): "\(recursive ? "rbind" : "bind") of \(source)"
            case .cgroup: "cgroup"
            case .remount: "remount"
            }
        return "mount \(what) on \(destination)" + (written.isEmpty ? "" : " [\(written.joined(separator: ","))]")
    }
}
