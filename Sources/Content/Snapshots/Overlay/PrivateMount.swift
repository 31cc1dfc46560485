internal import Archives
internal import CLinux
internal import Glibc
internal import Lanes
internal import LinuxKernel

/// Mounts a snapshot for a moment, in a mount namespace that only one short-lived thread has.
///
/// Nothing is ever mounted on the host, so there is nothing to leak: the namespace goes with the thread and the descriptor.
enum PrivateMount {
    /// Runs `body` with the root of the mounted snapshot; blocks.
    static func run<Result: Sendable>(
        _ mount: SnapshotMount, _ body: @escaping @Sendable (Tree) throws(ArchiveError) -> Result
    ) throws(SnapshotError) -> Result {
        try DedicatedThread.runBlocking { () throws(SnapshotError) in
            let root: Descriptor
            do throws(SyscallError) {
                root = try attach(mount)
            } catch {
                throw .kernel(error)
            }
            do throws(ArchiveError) {
                return try body(Tree(root: root))
            } catch {
                throw .archive(error)
            }
        }
    }

    private static func attach(_ mount: SnapshotMount) throws(SyscallError) -> Descriptor {
        // CLONE_FS too: a working directory of the thread's own, for options relative to the data root.
        try Namespaces.unshare([.mount, Namespaces(rawValue: 0x200)])
        try Mounts.setPropagation(.private, of: "/", recursive: true)
        var directory = mount
        if let map = mount.idMap { directory = try IDMappedLayers.mount(mount, map) }
        try check("chdir", mount.root) { chdir(mount.root) }
        // Any directory will do as the place: nobody else sees what is mounted there.
        let target = "\(mount.root)/empty"
        try Mounts.mount(
            "overlay", on: target, type: "overlay", data: directory.relativeOptions.joined(separator: ","))
        return try Descriptor.open(target, O_RDONLY | O_DIRECTORY)
    }
}
