internal import Archives
internal import ContentStore
internal import Glibc
internal import ImageSpec
internal import Lanes
internal import LinuxKernel

/// The directories behind `RUN --mount=type=cache`, which builds share.
actor CacheMounts: LaneBound {
    nonisolated let lane = BlockingLane()
    private let folder: String
    private var users: [String: Int] = [:]
    private var locked: Set<String> = []
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    init(folder: String) { self.folder = folder }

    /// One use of a cache, to be given back.
    struct Use: Sendable {
        var path: String
        fileprivate var name: String
        fileprivate var isLocked: Bool
        /// The directory was made for this use, so it is empty.
        var isNew: Bool
        fileprivate var isTemporary: Bool
    }

    /// The directory of a cache mount; waits while somebody else has it locked.
    func take(_ mount: RunMount) async throws(BuildError) -> Use {
        let identity = mount.id.isEmpty ? mount.target : mount.id
        var name = BlobHasher.digest(of: Array(identity.utf8)).hex
        var isTemporary = false
        switch mount.sharing {
        case .shared: while locked.contains(name) { await wait(for: name) }
        case .locked:
            while users[name, default: 0] > 0 { await wait(for: name) }
            locked.insert(name)
        case .private:
            if users[name, default: 0] > 0 {
                var random = SystemRandomNumberGenerator()
                name += "-" + String(random.next(), radix: 36)
                isTemporary = true
            }
        }
        users[name, default: 0] += 1
        let path = "\(folder)/\(name)"
        var use = Use(
            path: path, name: name, isLocked: mount.sharing == .locked, isNew: false, isTemporary: isTemporary)
        do throws(SyscallError) {
            use.isNew = try Self.make(path, mount)
        } catch {
            giveBack(use)
            throw .invalid("make the cache \(identity): \(error)")
        }
        return use
    }

    func giveBack(_ use: Use) {
        users[use.name, default: 1] -= 1
        if users[use.name] == 0 { users[use.name] = nil }
        if use.isLocked { locked.remove(use.name) }
        if use.isTemporary { try? Tree.remove(path: use.path) }
        for continuation in waiting.removeValue(forKey: use.name) ?? [] { continuation.resume() }
    }

    /// Removes the caches that nobody uses; gives the bytes they took.
    func prune() -> Int64 {
        var bytes: Int64 = 0
        for name in (try? Files.list(folder)) ?? [] where users[name] == nil {
            if let tree = try? Tree(path: "\(folder)/\(name)"), let usage = try? TreeUsage.measure(tree) {
                bytes += usage.bytes
            }
            try? Tree.remove(path: "\(folder)/\(name)")
        }
        return bytes
    }

    private func wait(for name: String) async {
        await withCheckedContinuation { waiting[name, default: []].append($0) }
    }

    private static func make(_ path: String, _ mount: RunMount) throws(SyscallError) -> Bool {
        do throws(SyscallError) {
            try Files.makeDirectory(path, mode: 0o700)
        } catch {
            if error.errno == EEXIST { return false }
            throw error
        }
        try Files.changeOwner(path, user: mount.owner, group: mount.group, at: AT_FDCWD)
        try Files.changeMode(path, mount.mode, at: AT_FDCWD)
        return true
    }
}
