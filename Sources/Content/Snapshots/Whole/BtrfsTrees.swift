package import Archives
internal import CLinux
internal import Glibc
internal import ImageSpec
package import LinuxKernel
internal import Synchronization

/// Subvolumes of btrfs: an image's layers are put together once, and each container starts from a snapshot of that, which takes the
/// same time for a large image as for a small one and no space but for what the container changes.
///
/// ```
/// btrfs-images/<chain id>   the files of a layer and all below it; goes with the layer
/// ```
/// Containers whose files lie elsewhere (under a limit) or belong to others (in a user namespace) are copies, which share contents.
package final class BtrfsTrees: WholeTrees {
    package static let name = "btrfs"
    package static let folder = "containers-btrfs"

    private let layers: LayerStore
    private let copies: CopiedTrees
    private let images: String
    /// One image is put together at a time.
    private let turn = Mutex(0)

    package init(layers: LayerStore) throws(SnapshotError) {
        self.layers = layers
        copies = CopiedTrees(layers: layers)
        images = "\(layers.root)/btrfs-images"
        let isPossible: Bool
        do throws(SyscallError) {
            isPossible = try Subvolume.isPossible(at: layers.root)
            if isPossible { try LayerStore.ensureDirectory(images, mode: 0o711) }
        } catch {
            throw .kernel(error)
        }
        guard isPossible else {
            throw .unsuitable("storage driver btrfs: \(layers.root) is not on btrfs: take another root, or overlay2")
        }
        sweep()
        layers.whenCollected { [weak self] in self?.sweep() }
    }

    package func make(_ path: String, of stack: [LayerRecord], _ owners: OwnerMap?) throws(SnapshotError) {
        guard let top = stack.first, owners == nil, path.hasPrefix("\(layers.root)/\(Self.folder)/") else {
            return try copies.make(path, of: stack, owners)
        }
        let image = "\(images)/\(top.chainID.hex)"
        if !Files.exists(image) { try assemble(image, stack) }
        do throws(SyscallError) { try Subvolume.snapshot(image, to: path) } catch { throw .kernel(error) }
    }

    private func assemble(_ image: String, _ stack: [LayerRecord]) throws(SnapshotError) {
        let result = turn.withLock { serial -> Result<Void, SnapshotError> in
            do throws(SnapshotError) {
                guard !Files.exists(image) else { return .success(()) }
                serial += 1
                let draft = "\(layers.root)/tmp/btrfs-\(serial)"
                do throws(SyscallError) { try Subvolume.make(draft) } catch { throw SnapshotError.kernel(error) }
                do throws(SnapshotError) {
                    try copies.fill(draft, of: stack, nil)
                    // Once for an image: what a power failure could take of it would be missing in every container.
                    do throws(SyscallError) { try Subvolume.settle(draft, as: image) } catch {
                        throw SnapshotError.kernel(error)
                    }
                } catch {
                    try? Subvolume.remove(draft)
                    throw error
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    package func remove(_ path: String) throws(SyscallError) { try Subvolume.remove(path) }

    /// Images whose layers are gone.
    private func sweep() {
        turn.withLock { _ in
            let known = Set(layers.chainIDs.map(\.hex))
            for name in (try? Files.list(images)) ?? [] where !known.contains(name) {
                try? Subvolume.remove("\(images)/\(name)")
            }
        }
    }
}

/// Subvolumes by path; what blocks is the disk.
///
/// Source: linux/btrfs.h.
enum Subvolume {
    /// BTRFS_SUPER_MAGIC.
    private static let magic = 0x9123_683e

    static func isPossible(at path: String) throws(SyscallError) -> Bool {
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        return try Files.magic(of: folder.raw) == magic
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return (String(path[..<slash]), String(path[slash...].dropFirst()))
    }

    /// An empty one, with the looks of a new directory.
    static func make(_ path: String) throws(SyscallError) {
        let (folder, name) = split(path)
        let parent = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        let number = parent.raw
        try checkNegative("ioctl", "BTRFS_IOC_SUBVOL_CREATE \(path)") { clinux_btrfs_make_subvolume(number, name) }
        try Files.changeMode(path, 0o755, at: AT_FDCWD)
    }

    /// Gives it its name once all of it is on the disk.
    static func settle(_ draft: String, as path: String) throws(SyscallError) {
        let content = try Descriptor.open(draft, O_RDONLY | O_DIRECTORY)
        let number = content.raw
        try checkNegative("syncfs", draft) { clinux_syncfs(number) }
        try Files.rename(draft, to: path)
    }

    /// One with the same contents, which are copied when somebody writes.
    static func snapshot(_ source: String, to path: String) throws(SyscallError) {
        let (folder, name) = split(path)
        let parent = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        let original = try Descriptor.open(source, O_RDONLY | O_DIRECTORY)
        // struct btrfs_ioctl_vol_args: a 64-bit descriptor and 4,088 bytes of name.
        var arguments = [UInt8](repeating: 0, count: 4096)
        guard name.utf8.count <= 4087 else { throw SyscallError("ioctl", errno: ENAMETOOLONG, subject: path) }
        let (from, into) = (original.raw, parent.raw)
        withUnsafeBytes(of: Int64(from)) { arguments.replaceSubrange(0..<8, with: $0) }
        arguments.replaceSubrange(8..<8 + name.utf8.count, with: name.utf8)
        // _IOW(0x94, 1, struct btrfs_ioctl_vol_args)
        try check("ioctl", "BTRFS_IOC_SNAP_CREATE \(path)") { ioctl(into, 0x5000_9401, &arguments) }
    }

    /// With all that is in it; a plain directory goes file by file, one that is not there is fine.
    static func remove(_ path: String) throws(SyscallError) {
        let (folder, name) = split(path)
        guard Files.exists(path) else { return }
        let parent = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        if clinux_btrfs_remove_subvolume(parent.raw, name) >= 0 { return }
        // Not a subvolume, or one that somebody made another in.
        try Tree.remove(path: path)
    }
}
