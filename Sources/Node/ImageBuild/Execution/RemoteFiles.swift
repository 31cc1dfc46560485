internal import Archives
internal import ContentStore
internal import Engine
internal import Glibc
internal import ImageSpec
internal import Lanes
internal import LinuxKernel

/// What ADD fetched, in a folder of the build's; it goes with that.
struct RemoteFiles: Sendable {
    let tree: Tree
    /// As the Dockerfile names it: a file, or the folder of a repository.
    var item: CopyItem
}

// What ADD fetches.
extension StageRun {
    /// Fetches the sources of an ADD that are no paths of the context, by their place among the sources.
    func fetchRemotes(_ copy: CopyInstruction) async throws(BuildError) -> [Int: RemoteFiles] {
        guard copy.isAdd else { return [:] }
        var found: [Int: RemoteFiles] = [:]
        for (index, source) in copy.sources.enumerated() {
            let remote = try reading { () throws(DockerfileError) in try RemoteSource(source) }
            switch remote {
            case nil: continue
            case .file(let url): found[index] = try await download(url, for: copy)
            case .repository(let address): found[index] = try await checkOut(address, for: copy)
            }
            found[index]?.item.origin = index
        }
        if copy.checksum != nil, found.isEmpty {
            throw .invalid("--checksum=\(copy.checksum ?? ""): only what is fetched has one")
        }
        return found
    }

    private func freshFolder() async throws(BuildError) -> String {
        let folder = build.context.freshPath("fetched")
        try await Lanes.shared.run { () throws(BuildError) in
            do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o755) } catch {
                throw .invalid("make \(folder): \(error)")
            }
        }
        return folder
    }

    // MARK: files of the web

    private func download(_ url: String, for copy: CopyInstruction) async throws(BuildError) -> RemoteFiles {
        let expected = try copy.checksum.map { (text) throws(BuildError) in
            do throws(ImageSpecError) { return try Digest(parsing: text) } catch {
                throw .invalid("--checksum=\(text): a digest such as sha256:… is needed")
            }
        }
        let folder = try await freshFolder()
        let path = folder + "/file"
        let pipe = ChunkPipe()
        async let written: Result<Digest, BuildError> = Lanes.shared.run {
            do throws(BuildError) {
                return .success(try Self.write(pipe, to: path, expected?.algorithm ?? .sha256))
            } catch {
                pipe.close()
                return .failure(error)
            }
        }
        let answer: Result<(name: String?, modified: Int64?), BuildError>
        do throws(EngineError) {
            let engine = engine
            answer = .success(
                try await engine.download(url) { (bytes) async throws(EngineError) in
                    do throws(PipeClosed) { try await pipe.send(bytes) } catch {
                        throw .failed("the file cannot be written")
                    }
                })
            pipe.finish()
        } catch {
            answer = .failure(.invalid("ADD \(url): \(error.message)"))
            pipe.fail(error)
        }
        let outcome = await written
        if Task.isCancelled { throw .cancelled }
        // A disk that is full says more than the download that could not go on.
        if case .failure(let error) = outcome, case .success = answer { throw error }
        let (name, modified) = try answer.get()
        let digest = try outcome.get()
        if let expected, expected != digest {
            throw .invalid("ADD \(url): the file is \(digest), and \(expected) was asked for")
        }
        return try await Lanes.shared.run { () throws(BuildError) in
            try Self.named(url, name, modified, in: folder, copy)
        }
    }

    private static func write(
        _ pipe: ChunkPipe, to path: String, _ algorithm: Digest.Algorithm
    ) throws(BuildError) -> Digest {
        var hasher = BlobHasher(algorithm)
        do throws(SyscallError) {
            let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            while let bytes = try? pipe.read() {
                hasher.update(bytes)
                try file.writeAll(bytes)
            }
        } catch {
            throw .invalid("write what ADD fetched: \(error)")
        }
        return hasher.digest
    }

    /// Gives the file its name and time.
    private static func named(
        _ url: String, _ name: String?, _ modified: Int64?, in folder: String, _ copy: CopyInstruction
    ) throws(BuildError) -> RemoteFiles {
        guard let name = name ?? (CopySelection.isDirectory(copy.destination) ? nil : "file") else {
            throw .invalid("ADD \(url): nothing says how the file is called: name it in the destination")
        }
        let tree = try building { () throws(ArchiveError) in try Tree(path: folder) }
        do throws(SyscallError) {
            if name != "file" { try Files.rename(folder + "/file", to: "\(folder)/\(name)") }
            try Files.changeTime("\(folder)/\(name)", seconds: modified ?? 0)
        } catch {
            throw .invalid("ADD \(url): \(error)")
        }
        let path = EntryPath(components: [Array(name.utf8)])
        let unpacks = copy.unpacks == true && CopySelection.isArchive(path, in: tree)
        return RemoteFiles(
            tree: tree, item: CopyItem(kind: unpacks ? .archive : .file, path: path, place: path))
    }

    // MARK: repositories

    private func checkOut(_ address: GitAddress, for copy: CopyInstruction) async throws(BuildError) -> RemoteFiles {
        let folder = try await freshFolder()
        let commit = try await GitProgram(address: address, folder: folder).checkOut(keepsHistory: copy.keepsGit)
        if let wanted = copy.checksum, wanted.count < 7 || !commit.hasPrefix(wanted.lowercased()) {
            throw .invalid("ADD \(address.url): the commit is \(commit), and \(wanted) was asked for")
        }
        return try await Lanes.shared.run { () throws(BuildError) in
            try building { () throws(ArchiveError) in
                let tree = try Tree(path: folder)
                let path = try EntryPath(inContainer: address.folder ?? "/")
                guard try tree.look(at: path) == .directory else {
                    throw .conflict(entry: address.url, reason: "it has no folder \(address.folder ?? "/")")
                }
                let place = try tree.resolved(path)
                return RemoteFiles(
                    tree: tree, item: CopyItem(kind: .directory, path: EntryPath(), place: place))
            }
        }
    }
}
