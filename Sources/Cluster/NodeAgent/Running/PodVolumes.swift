internal import Archives
internal import ClusterModel
internal import Engine
internal import Glibc
internal import Lanes
internal import LinuxKernel

/// A pod's volumes on this machine.
struct PodVolumes: Sendable {
    /// Of what a container says when it ends.
    private static let longestMessage = 4096

    let context: NodeContext

    init(_ context: NodeContext) { self.context = context }

    /// Makes what is missing and fills what is told; doing it again changes nothing else.
    func prepare(_ pod: PodObject, _ facts: PodFacts) async throws(AgentError) -> [String: VolumePlace] {
        var places: [String: VolumePlace] = [:]
        for volume in pod.volumes {
            if VolumeFiles.kinds.contains(volume.kind) {
                places[volume.name] = .files(try await fill(volume, pod, facts))
                continue
            }
            switch volume.kind {
            case "emptyDir": places[volume.name] = .volume(try await emptyDirectory(volume, pod))
            case "hostPath":
                let path = try volume.source["path"].text.orThrow("\(volume.source.path).path: it is missing")
                let type = volume.source["type"].text ?? ""
                try await onLane { () throws(SyscallError) in try HostPath.check(path, type) }
                places[volume.name] = .folder(path)
            default:
                throw .configuration("\(volume.source.path): volumes of this kind are not supported on this node")
            }
        }
        return places
    }

    /// Brings the files that the pod is told up to date, and makes nothing else; one volume does not hold up the others.
    ///
    /// - Throws: what the first of those said that stay as they are.
    func refresh(_ pod: PodObject, _ facts: PodFacts) async throws(AgentError) {
        var failure: AgentError?
        for volume in pod.volumes where VolumeFiles.kinds.contains(volume.kind) {
            do throws(AgentError) { _ = try await fill(volume, pod, facts) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private func fill(_ volume: VolumeObject, _ pod: PodObject, _ facts: PodFacts) async throws(AgentError) -> String {
        let files = try VolumeFiles.files(of: volume, facts)
        let folder = "\(context.settings.podFiles(pod.uid))/\(volume.name)"
        let group = pod.spec["securityContext"]["fsGroup"].number.map { UInt32($0) }
        try await onLane { () throws(SyscallError) in try VolumeFolder.fill(folder, with: files, group: group) }
        return folder
    }

    static func name(_ volume: VolumeObject, _ pod: PodObject) -> String { "pod-\(pod.uid)-\(volume.name)" }

    /// A volume of the engine, limited where a size is given.
    private func emptyDirectory(_ volume: VolumeObject, _ pod: PodObject) async throws(AgentError) -> String {
        let name = Self.name(volume, pod)
        if (try? await context.engine.volume(name)) != nil { return name }
        var request = VolumeCreateRequest()
        request.name = name
        request.labels = [PodLabels.uid: pod.uid]
        let isMemory = volume.source["medium"].text == "Memory"
        if isMemory { request.driver = "tmpfs" }
        if let size = volume.source["sizeLimit"].wholeQuantity {
            request.driverOpts["size"] = String(size)
        } else if isMemory {
            request.driverOpts["size"] = String(context.facts.memory / 2)
        }
        let made: Volume
        do throws(EngineError) { made = try await context.engine.createVolume(request) } catch {
            throw .machine("volume \(volume.name): \(error.message)")
        }
        let group = pod.spec["securityContext"]["fsGroup"].number.map { UInt32($0) }
        try await onLane { () throws(SyscallError) in try VolumeFolder.open(made.mountpoint, to: group) }
        return name
    }

    func terminationLog(_ pod: PodObject, _ container: String, _ attempt: Int) async throws(AgentError) -> String {
        let folder = context.settings.podFolder(pod.uid)
        let file = "\(folder)/\(container)-\(attempt)"
        try await onLane { () throws(SyscallError) in
            try VolumeFolder.make(folder, mode: 0o755)
            if !Files.exists(file) { try WholeFile.replace(file, with: [], mode: 0o666) }
            try Files.changeMode(file, 0o666, at: -100)
        }
        return file
    }

    /// Where a container's output goes: `pods/NAMESPACE_NAME_UID/CONTAINER/ATTEMPT.log`, as the CRI has it.
    ///
    /// Files of runs before the last one go.
    func logFile(_ pod: PodObject, _ container: String, _ attempt: Int) async throws(AgentError) -> String {
        let folder = "\(context.settings.logFolder(pod))/\(container)"
        try await onLane { () throws(SyscallError) in
            try VolumeFolder.make(folder, mode: 0o755)
            for name in try Files.list(folder) {
                guard let number = Int(name.prefix { $0 != "." }), number < attempt - 1 || number >= attempt else {
                    continue
                }
                try Files.remove("\(folder)/\(name)")
            }
        }
        return "\(folder)/\(attempt).log"
    }

    func terminationMessage(uid: String, _ container: String, _ attempt: Int) async -> String {
        let file = "\(context.settings.podFolder(uid))/\(container)-\(attempt)"
        let end = try? await Lanes.shared.run { () throws(SyscallError) in
            try VolumeFolder.end(of: file, most: Self.longestMessage)
        }
        return String(decoding: end ?? [], as: UTF8.self)
    }

    /// Volumes and folders, once no container has them.
    func remove(_ pod: PodObject) async throws(EngineError) {
        for volume in try await context.engine.volumes(Filters(["label": ["\(PodLabels.uid)=\(pod.uid)"]])).volumes {
            try await context.engine.removeVolume(volume.name, force: true)
        }
        let settings = context.settings
        for folder in [settings.podFolder(pod.uid), settings.podFiles(pod.uid), settings.logFolder(pod)] {
            do throws(SyscallError) {
                try await Lanes.shared.run { () throws(SyscallError) in
                    if Files.exists(folder) { try Tree.remove(path: folder) }
                }
            } catch {
                throw .system(doing: "remove \(folder)", error)
            }
        }
    }

    private func onLane(_ body: @escaping @Sendable () throws(SyscallError) -> Void) async throws(AgentError) {
        do throws(SyscallError) { try await Lanes.shared.run(body) } catch { throw .machine("\(error)") }
    }
}

extension String? {
    func orThrow(_ why: String) throws(AgentError) -> String {
        guard let self else { throw .configuration(why) }
        return self
    }
}

/// Folders that the agent fills.
enum VolumeFolder {
    /// With its parents.
    static func make(_ path: String, mode: UInt32) throws(SyscallError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if !Files.exists(made) {
                do throws(SyscallError) { try Files.makeDirectory(made, mode: mode) } catch {
                    guard error.errno == EEXIST else { throw error }
                }
            }
        }
    }

    /// Files that are already there are replaced each at once, and those that are not told any more go.
    static func fill(_ folder: String, with files: [VolumeFile], group: UInt32?) throws(SyscallError) {
        try make(folder, mode: 0o755)
        let told = files.map { $0.path.split(separator: "/").joined(separator: "/") }
        try prune(folder, "", keeping: Set(told))
        for file in files {
            let path = "\(folder)/\(file.path)"
            if let slash = path.lastIndex(of: "/") { try make(String(path[..<slash]), mode: 0o755) }
            if let old = try? WholeFile.read(path), old == file.bytes { continue }
            let mode = group == nil ? file.mode : file.mode | 0o040
            try WholeFile.replace(path, with: file.bytes, mode: mode)
            try Files.changeMode(path, mode, at: -100)
            if let group { try Files.changeOwner(path, user: 0, group: group, at: -100) }
        }
    }

    /// Removes what is none of `files`, whose paths begin at `top`, from the folder `place` below it, which ends with a slash unless
    /// it is empty; also what stands where a folder or a file is to be.
    private static func prune(_ top: String, _ place: String, keeping files: Set<String>) throws(SyscallError) {
        for name in try Files.list("\(top)/\(place)") {
            let path = "\(place)\(name)"
            let isFolder = try Files.status("\(top)/\(path)", following: false).isDirectory
            if isFolder, files.contains(where: { $0.hasPrefix("\(path)/") }) {
                try prune(top, "\(path)/", keeping: files)
            } else if isFolder || !files.contains(path) {
                try Tree.remove(path: "\(top)/\(path)")
            }
        }
    }

    /// The last bytes of a file, however large a container has made it.
    static func end(of path: String, most: Int) throws(SyscallError) -> [UInt8] {
        let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
        let number = file.raw
        let size = Int(try Files.status(of: number).size)
        var bytes = [UInt8](repeating: 0, count: min(size, most))
        let start = off_t(size - bytes.count)
        let count = try check("pread", path) {
            bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, start) }
        }
        return Array(bytes.prefix(count))
    }

    /// Everybody may write, and what is written belongs to the group.
    static func open(_ folder: String, to group: UInt32?) throws(SyscallError) {
        if let group { try Files.changeOwner(folder, user: 0, group: group, at: -100) }
        try Files.changeMode(folder, group == nil ? 0o777 : 0o2777, at: -100)
    }
}

/// Paths of the node that pods ask for.
enum HostPath {
    static func check(_ path: String, _ type: String) throws(SyscallError) {
        let isThere = Files.exists(path)
        switch type {
        case "DirectoryOrCreate": if !isThere { try VolumeFolder.make(path, mode: 0o755) }
        case "FileOrCreate": if !isThere { try WholeFile.replace(path, with: [], mode: 0o644) }
        case "": break
        default:
            guard isThere else { throw SyscallError("hostPath type \(type)", errno: ENOENT, subject: path) }
            let kind = try Files.status(path).mode & S_IFMT
            let wanted: [String: UInt32] = [
                "Directory": S_IFDIR, "File": S_IFREG, "Socket": S_IFSOCK, "CharDevice": S_IFCHR,
                "BlockDevice": S_IFBLK,
            ]
            guard wanted[type] == kind else {
                throw SyscallError("hostPath type \(type)", errno: EINVAL, subject: path)
            }
        }
    }
}
