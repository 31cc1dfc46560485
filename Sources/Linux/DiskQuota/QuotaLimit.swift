package import Units

/// How much may be written somewhere; at least one of the two is set.
package struct QuotaLimit: Hashable, Sendable {
    /// Bytes on the disk; nil is no limit.
    package var bytes: ByteCount?
    /// Files, folders and links; nil is no limit.
    package var inodes: UInt64?

    package init(bytes: ByteCount? = nil, inodes: UInt64? = nil) {
        self.bytes = bytes
        self.inodes = inodes
    }
}

extension QuotaLimit: CustomStringConvertible {
    /// As ``DiskQuotaRules`` reads it.
    package var description: String {
        [bytes.map { "\($0)" }, inodes.map { "inodes=\($0)" }].compactMap { $0 }.joined(separator: ",")
    }
}

/// What is written below a limit.
package struct QuotaUsage: Equatable, Sendable {
    /// Bytes on the disk.
    package var bytes: UInt64
    /// Nil where the driver does not count them.
    package var inodes: UInt64?
    /// The limit as the kernel has it.
    package var limit: QuotaLimit
    /// The numbers may be so old; zero when they are of this moment.
    package var oldest: Duration

    package init(bytes: UInt64, inodes: UInt64? = nil, limit: QuotaLimit, oldest: Duration = .zero) {
        self.bytes = bytes
        self.inodes = inodes
        self.limit = limit
        self.oldest = oldest
    }
}

/// A folder with a limit of its own, below a folder of ours.
///
/// What is limited lies in ``content``; the driver may keep files of its own beside it.
package struct QuotaSpace: Hashable, Sendable {
    /// The project's number where the driver has such; never two at once on a machine.
    package var id: UInt32
    /// The folder of this space, made and removed with it.
    package var path: String
    /// Need not survive a loss of power.
    package var isVolatile: Bool

    package init(id: UInt32, path: String, isVolatile: Bool = false) {
        self.id = id
        self.path = path
        self.isVolatile = isVolatile
    }

    package var content: String { path + "/fs" }
}
