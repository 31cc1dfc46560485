/// What a driver can do beyond limiting a new folder.
package struct QuotaAbilities: Equatable, Sendable {
    /// Limits the number of files too.
    package var inodes: Bool
    /// Limits a folder that was there before and lies elsewhere, such as a host's directory.
    package var foreignFolders: Bool
    /// Makes the limit smaller while the folder is in use.
    package var shrinking: Bool
    /// Puts a limit on a folder while it is in use.
    package var adoption: Bool
    /// Shows the limit in statfs(2), and so in df(1).
    package var statistics: Bool
    /// A process with CAP_SYS_RESOURCE writes past the limit.
    package var privilegeEscapes: Bool

    package init(
        inodes: Bool, foreignFolders: Bool, shrinking: Bool, adoption: Bool, statistics: Bool, privilegeEscapes: Bool
    ) {
        self.inodes = inodes
        self.foreignFolders = foreignFolders
        self.shrinking = shrinking
        self.adoption = adoption
        self.statistics = statistics
        self.privilegeEscapes = privilegeEscapes
    }
}

/// Enforces limits on folders, one way of the kernel's.
///
/// Called from lanes, any thread, blocking; never twice at once for one space. Making a space is on the path of `create`
/// and never syncs.
package protocol QuotaDriver: Sendable {
    /// The name in `pouch info`, in records and messages; never reused for another meaning.
    var name: String { get }
    var abilities: QuotaAbilities { get }

    /// Makes the space's folder with its limit, empty and ready to be written to.
    ///
    /// What a crash left of an earlier try is replaced.
    func make(_ space: QuotaSpace, limit: QuotaLimit) throws(QuotaError)

    /// Does what ``make(_:limit:)`` left for later, beside the running container.
    func settle(_ space: QuotaSpace) throws(QuotaError)

    /// Makes a space usable that was made before: after a restart of the machine, or of the daemon. Idempotent.
    func attach(_ space: QuotaSpace) throws(QuotaError)

    /// Puts `limit` in the place of the old one; `isIdle` says that nothing runs in the space.
    ///
    /// - Throws: `unsupported` for what needs a stopped container, `tooSmall` when more is written already.
    func change(_ space: QuotaSpace, to limit: QuotaLimit, isIdle: Bool) throws(QuotaError)

    func usage(_ space: QuotaSpace) throws(QuotaError) -> QuotaUsage

    /// Removes the space with everything in it; one that is gone is fine.
    func remove(_ space: QuotaSpace) throws(QuotaError)

    /// Counts the folder at `path`, which lies elsewhere, for the space from now on; with what is in it.
    func takeIn(_ path: String, to space: QuotaSpace) throws(QuotaError)

    /// Takes that back.
    func letGo(_ path: String, of space: QuotaSpace) throws(QuotaError)
}

/// Makes filesystems in files; a program outside, usually.
///
/// The loop driver asks for one: the Linux wing starts no programs.
package protocol FilesystemMaker: Sendable {
    /// Why it cannot; nil when it can.
    var absence: String? { get }

    /// Makes an ext4 that fills the file `path`, without space kept for root; blocks of 4096 bytes.
    ///
    /// - Throws: ``QuotaError/maker(_:)``.
    func makeExt4(in path: String, inodes: UInt64?, journal: Bool) throws(QuotaError)

    /// Gives the ext4 in `path`, which nobody has mounted, so many blocks; the file's length follows.
    ///
    /// - Throws: ``QuotaError/maker(_:)``, with the filesystem as it was.
    func resizeExt4(in path: String, to blocks: UInt64) throws(QuotaError)
}
