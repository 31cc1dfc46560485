internal import Archives
internal import CLinux
internal import ContentStore
internal import Glibc
package import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Synchronization

/// Unpacked layers, shared by all images and snapshots of a data root.
///
/// ```
/// layers/<chain id>/diff        the files, as overlayfs takes them
/// layers/<chain id>/layer.json  see LayerRecord
/// l/<short>                     a link to diff: mount options are short of space
/// tmp/…                         layers that are being unpacked or removed; emptied at start
/// ```
/// A layer appears by a rename when it is whole. All methods block; any thread may call them.
package final class LayerStore: Sendable {
    package let root: String
    private let state = Mutex(State())
    private let boot: String

    private struct State {
        var layers: [Digest: LayerRecord] = [:]
        /// How many leases and snapshots hold a layer.
        var pins: [Digest: Int] = [:]
        var collecting = false
        var spared: Set<Digest> = []
        var serial = 0
        var observers: [@Sendable () -> Void] = []
    }

    /// Opens or makes the store; what was half done, or may have suffered from a power failure, is removed.
    package init(root: String) throws(ImageError) {
        self.root = root
        boot =
            (try? WholeFile.read("/proc/sys/kernel/random/boot_id")).map {
                String(decoding: $0.dropLast(), as: UTF8.self)
            } ?? ""
        for directory in ["", "/layers", "/l", "/tmp"] {
            try kernel { () throws(SyscallError) in try Self.ensureDirectory(root + directory) }
        }
        try kernel { () throws(SyscallError) in
            for name in try Files.list("\(root)/tmp") { try Tree.remove(path: "\(root)/tmp/\(name)") }
        }
        try recover()
    }

    static func ensureDirectory(_ path: String, mode: UInt32 = 0o700) throws(SyscallError) {
        do throws(SyscallError) {
            try Files.makeDirectory(path, mode: mode)
        } catch {
            guard error.errno == EEXIST else { throw error }
        }
    }

    private func recover() throws(ImageError) {
        var found: [Digest: LayerRecord] = [:]
        let names = try kernel { () throws(SyscallError) in try Files.list("\(root)/layers") }
        for name in names {
            let directory = "\(root)/layers/\(name)"
            let bytes = (try? WholeFile.read("\(directory)/layer.json")) ?? []
            guard let record = try? LayerRecord(parsing: bytes), record.chainID.hex == name,
                record.unsettledSince == nil || record.unsettledSince == boot
            else {
                try kernel { () throws(SyscallError) in try Tree.remove(path: directory) }
                continue
            }
            found[record.chainID] = record
        }
        // A layer is of no use without those below it.
        while let orphan = found.values.first(where: { $0.parent.map { found[$0] == nil } ?? false }) {
            found[orphan.chainID] = nil
            try kernel { () throws(SyscallError) in try Tree.remove(path: directory(of: orphan.chainID)) }
        }
        try kernel { () throws(SyscallError) in
            let links = Set(found.values.map(\.link))
            for link in try Files.list("\(root)/l") where !links.contains(link) {
                try Files.remove("\(root)/l/\(link)")
            }
            for record in found.values where !Files.exists("\(root)/l/\(record.link)") {
                try Files.makeLink("\(root)/l/\(record.link)", to: "../layers/\(record.chainID.hex)/diff")
            }
        }
        state.withLock { $0.layers = found }
    }

    /// The name of the stack that ends with the layer `diffID` on top of `parent`.
    static func chainID(of diffID: Digest, on parent: Digest?) -> Digest {
        guard let parent else { return diffID }
        return BlobHasher.digest(of: Array("\(parent) \(diffID)".utf8))
    }

    // MARK: reading

    func directory(of chainID: Digest) -> String { "\(root)/layers/\(chainID.hex)" }

    /// Where the files of a layer are.
    package func diff(of chainID: Digest) -> String { directory(of: chainID) + "/diff" }

    func record(_ chainID: Digest) -> LayerRecord? { state.withLock { $0.layers[chainID] } }

    package func contains(_ chainID: Digest) -> Bool { record(chainID) != nil }

    /// Makes a layer that is here visible on top of `parent` too, sharing its files.
    ///
    /// - Throws: `malformed` when nothing with these contents is here.
    func commitTwin(of diffID: Digest, on parent: Digest?, lease: LayerLease) throws(ImageError) -> Digest {
        // Found and held at once: its own image may be removed at this moment.
        let found = state.withLock { state in
            let twin = state.layers.values.first { $0.diffID == diffID }
            if let twin { state.pins[twin.chainID, default: 0] += 1 }
            return twin
        }
        guard let twin = found else { throw .malformed("layer \(diffID) vanished while it was used") }
        defer { unpin([twin.chainID]) }
        return try commit(
            try clone(twin), diffID: diffID, on: parent, size: twin.size, implied: [], lease: lease)
    }

    /// Bytes of file content in all layers, each counted once.
    package var size: Int64 { state.withLock { $0.layers.values.reduce(0) { $0 + $1.size } } }

    /// The records from `top` down to the lowest; nil when one is missing.
    func stack(from top: Digest?) -> [LayerRecord]? {
        state.withLock { Self.stack(from: top, in: $0.layers) }
    }

    private static func stack(from top: Digest?, in layers: [Digest: LayerRecord]) -> [LayerRecord]? {
        var records: [LayerRecord] = []
        var next = top
        while let chainID = next {
            guard let record = layers[chainID] else { return nil }
            records.append(record)
            next = record.parent
        }
        return records
    }

    // MARK: making

    /// A fresh directory for a layer that is about to be unpacked; it vanishes unless it is committed.
    func begin() throws(ImageError) -> LayerBuild {
        let directory = temporary("layer")
        return try kernel { () throws(SyscallError) in
            try Files.makeDirectory(directory, mode: 0o700)
            try Files.makeDirectory("\(directory)/diff", mode: 0o755)
            try Files.changeMode("\(directory)/diff", 0o755, at: AT_FDCWD)
            return LayerBuild(directory: directory)
        }
    }

    private func temporary(_ purpose: String) -> String {
        let serial = state.withLock { state in
            state.serial += 1
            return state.serial
        }
        return "\(root)/tmp/\(purpose)-\(getpid())-\(serial)"
    }

    /// Makes an unpacked layer visible on top of `parent`, held by `lease`; one that is there already stays.
    func commit(
        _ build: LayerBuild, diffID: Digest, on parent: Digest?, size: Int64, implied: [EntryPath], lease: LayerLease
    ) throws(ImageError) -> Digest {
        let chainID = Self.chainID(of: diffID, on: parent)
        lease.pin(chainID)
        if contains(chainID) { return chainID }
        if let parent { try inherit(build, from: parent, implied) }
        let link = try makeLink(to: chainID)
        let record = LayerRecord(
            chainID: chainID, parent: parent, diffID: diffID, size: size, link: link, unsettledSince: boot)
        try kernel { () throws(SyscallError) in
            try WholeFile.replace("\(build.directory)/layer.json", with: record.encoded())
        }
        // Disk and memory change together, so that nobody meets one without the other.
        let failure = state.withLock { state -> SyscallError? in
            if state.layers[chainID] != nil { return nil }  // somebody else was first
            do throws(SyscallError) {
                try Files.rename(build.directory, to: directory(of: chainID))
                state.layers[chainID] = record
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw .kernel(failure) }
        return chainID
    }

    private func makeLink(to chainID: Digest) throws(ImageError) -> String {
        let target = "../layers/\(chainID.hex)/diff"
        for length in stride(from: 6, through: 64, by: 2) {
            let name = String(chainID.hex.prefix(length))
            let path = "\(root)/l/\(name)"
            do throws(SyscallError) {
                try Files.makeLink(path, to: target)
                return name
            } catch {
                guard error.errno == EEXIST else { throw .kernel(error) }
                if (try? Files.readLink(path)) == target { return name }
            }
        }
        preconditionFailure("a link named by a whole digest leads to that digest's layer")
    }

    /// Gives directories that the archive did not describe the looks they have in the layers below.
    private func inherit(_ build: LayerBuild, from parent: Digest, _ implied: [EntryPath]) throws(ImageError) {
        guard let below = stack(from: parent) else { return }
        for path in (build.describesRoot ? [] : [EntryPath()]) + implied {
            for record in below {
                let found = try translating { () throws(ArchiveError) in
                    try DirectoryLooks.copy(path, from: diff(of: record.chainID), to: build.diff)
                }
                if found { break }
            }
        }
    }

    /// A second layer with the contents of one that is there, sharing its files by hard links.
    func clone(_ source: LayerRecord) throws(ImageError) -> LayerBuild {
        let build = try begin()
        try translating { () throws(ArchiveError) in
            try TreeCloner.clone(from: diff(of: source.chainID), to: build.diff)
        }
        build.describesRoot = true
        return build
    }

    /// Waits until the files of these layers are on the disk and remembers that they are.
    package func settle() throws(ImageError) {
        let open = state.withLock { $0.layers.values.filter { $0.unsettledSince != nil } }
        guard !open.isEmpty else { return }
        try kernel { () throws(SyscallError) in
            let directory = try Descriptor.open(root, O_RDONLY | O_DIRECTORY)
            let number = directory.raw
            try checkNegative("syncfs", root) { clinux_syncfs(number) }
        }
        for record in open where contains(record.chainID) {
            var settled = record
            settled.unsettledSince = nil
            try kernel { () throws(SyscallError) in
                do throws(SyscallError) {
                    try WholeFile.replace(directory(of: record.chainID) + "/layer.json", with: settled.encoded())
                } catch {
                    guard error.errno == ENOENT else { throw error }  // it was collected meanwhile
                }
            }
            state.withLock { if $0.layers[record.chainID] != nil { $0.layers[record.chainID] = settled } }
        }
    }

    // MARK: keeping and collecting

    func lease() -> LayerLease { LayerLease(self) }

    func pin(_ chainID: Digest) {
        state.withLock { $0.pins[chainID, default: 0] += 1 }
    }

    func unpin(_ chainIDs: some Sequence<Digest>) {
        state.withLock { state in
            for chainID in chainIDs {
                if state.collecting { state.spared.insert(chainID) }
                let count = state.pins[chainID, default: 1] - 1
                state.pins[chainID] = count == 0 ? nil : count
            }
        }
    }

    /// Holds the whole stack below `top`, if it is there.
    func use(_ top: Digest?) -> [LayerRecord]? {
        state.withLock { state in
            guard let records = Self.stack(from: top, in: state.layers) else { return nil }
            for record in records { state.pins[record.chainID, default: 0] += 1 }
            return records
        }
    }

    var chainIDs: [Digest] { state.withLock { Array($0.layers.keys) } }

    /// Calls `observer` after layers were removed, in the thread that removed them.
    func whenCollected(_ observer: @escaping @Sendable () -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    /// Removes the layers that nobody holds and that `inUse` does not give; see ``ContentStore/collect(inUse:)``.
    func collect(inUse: () -> Set<Digest>) throws(ImageError) -> (removed: [Digest], bytes: Int64) {
        let alone = state.withLock { state in
            defer { state.collecting = true }
            return !state.collecting
        }
        guard alone else { return ([], 0) }
        defer {
            state.withLock { state in
                state.collecting = false
                state.spared = []
            }
        }
        let kept = inUse()
        var removed: [LayerRecord] = []
        for record in state.withLock({ Array($0.layers.values) }) where !kept.contains(record.chainID) {
            let away = temporary("removing")
            let outcome = state.withLock { state -> Result<Bool, SyscallError> in
                if state.pins[record.chainID] != nil || state.spared.contains(record.chainID) {
                    return .success(false)
                }
                do throws(SyscallError) {
                    try Files.rename(directory(of: record.chainID), to: away)
                    state.layers[record.chainID] = nil
                    return .success(true)
                } catch {
                    return .failure(error)
                }
            }
            try kernel { () throws(SyscallError) in
                guard try outcome.get() else { return }
                removed.append(record)
                try? Files.remove("\(root)/l/\(record.link)")
                try Tree.remove(path: away)
            }
        }
        if !removed.isEmpty { for observer in state.withLock({ $0.observers }) { observer() } }
        return (removed.map(\.chainID), removed.reduce(0) { $0 + $1.size })
    }
}

/// A layer that is being unpacked: used by one thread at a time, removed when it is let go uncommitted.
final class LayerBuild: Sendable {
    let directory: String
    private let root = Mutex(false)
    /// The archive had an entry for the root, or the looks of it are known otherwise.
    var describesRoot: Bool {
        get { root.withLock { $0 } }
        set { root.withLock { $0 = newValue } }
    }

    var diff: String { "\(directory)/diff" }

    init(directory: String) { self.directory = directory }

    deinit { try? Tree.remove(path: directory) }
}

/// Keeps layers from being collected until it goes away.
final class LayerLease: Sendable {
    private let store: LayerStore
    private let held = Mutex<[Digest]>([])

    init(_ store: LayerStore) { self.store = store }

    deinit { store.unpin(held.withLock { $0 }) }

    func pin(_ chainID: Digest) {
        store.pin(chainID)
        held.withLock { $0.append(chainID) }
    }
}
