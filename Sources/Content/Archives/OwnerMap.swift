/// The numbers that owners inside a user namespace have outside of it.
package struct OwnerMap: Hashable, Sendable {
    /// As one line of `/proc/<pid>/uid_map`.
    package struct Range: Hashable, Sendable {
        package var inside: UInt32
        package var outside: UInt32
        package var count: UInt32

        package init(inside: UInt32, outside: UInt32, count: UInt32) {
            self.inside = inside
            self.outside = outside
            self.count = count
        }
    }

    package var users: [Range]
    package var groups: [Range]

    package init(users: [Range], groups: [Range]) {
        self.users = users
        self.groups = groups
    }

    /// The host's numbers of an owner inside; nil when the namespace has no such number.
    package func outside(owner: UInt32, group: UInt32) -> (owner: UInt32, group: UInt32)? {
        guard let owner = Self.outside(owner, users), let group = Self.outside(group, groups) else { return nil }
        return (owner, group)
    }

    /// The numbers inside of an owner on the host; those that are not mapped stay as they are.
    package func inside(owner: UInt32, group: UInt32) -> (owner: UInt32, group: UInt32) {
        (Self.inside(owner, users), Self.inside(group, groups))
    }

    private static func outside(_ number: UInt32, _ ranges: [Range]) -> UInt32? {
        for range in ranges where number >= range.inside && number - range.inside < range.count {
            return range.outside + (number - range.inside)
        }
        return nil
    }

    private static func inside(_ number: UInt32, _ ranges: [Range]) -> UInt32 {
        for range in ranges where number >= range.outside && number - range.outside < range.count {
            return range.inside + (number - range.outside)
        }
        return number
    }
}
