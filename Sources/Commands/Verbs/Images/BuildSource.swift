internal import DockerClient
internal import Glibc
internal import LinuxKernel
internal import Patterns
internal import Units

/// What is sent to be built: a folder without what its `.dockerignore` names, an archive, or a Dockerfile alone.
final class BuildSource {
    /// Where the daemon finds the Dockerfile in what is sent.
    private(set) var dockerfile = "Dockerfile"
    /// Why reading the folder failed while it was sent.
    private(set) var failure: SyscallError?
    private var folder: String?
    private var patterns = IgnorePatterns()
    /// Files that are sent beside the folder's own, or instead of them.
    private var extras: [(name: String, bytes: [UInt8])] = []
    /// An archive from standard input: what was read of it to know that it is one.
    private var archive: (head: [UInt8], descriptor: Int32)?

    /// - Parameters: as on the command line; `-` is standard input.
    init(path: String, file: String?, _ session: Session) throws(Failure) {
        if path == "-" {
            guard file != "-" else {
                throw .message("invalid argument: can't use stdin for both build context and dockerfile")
            }
            try takeInput(file, session.input)
            return
        }
        guard !path.contains("://"), !path.hasPrefix("git@") else {
            throw .message("build from \(path): only a folder or - can be built")
        }
        guard Self.isFolder(path) else {
            throw .message("unable to prepare context: path \"\(path)\" is not a folder that can be read")
        }
        folder = path
        try findDockerfile(file, in: path, session.input)
    }

    var body: Request.Body {
        .generated { [self] (write) throws(ClientError) in
            var refusal: ClientError?
            do throws(SyscallError) {
                try withoutActuallyEscaping(write) { (write) throws(SyscallError) in
                    try send { (bytes) throws(SyscallError) in
                        do throws(ClientError) { try write(bytes[...]) } catch {
                            refusal = error
                            throw SyscallError("write", errno: EPIPE)
                        }
                    }
                }
            } catch {
                if let refusal { throw refusal }
                failure = error
                throw .malformed("\(error)")
            }
        }
    }

    // MARK: finding

    private func findDockerfile(_ file: String?, in path: String, _ input: Int32) throws(Failure) {
        var bytes: [UInt8]?
        var place: String?
        if file == "-" {
            bytes = try Self.readAll(input)
        } else {
            place = try Self.locate(file, in: path)
            if let place { dockerfile = place }
        }
        let named = file.flatMap { $0 == "-" ? nil : $0 } ?? "\(path)/Dockerfile"
        if place == nil, bytes == nil { bytes = try Self.read(named) }
        var list = try? WholeFile.read("\(named).dockerignore")
        let isOwnList = list != nil
        if list == nil { list = try? WholeFile.read("\(path)/.dockerignore") }
        var text = String(decoding: list ?? [], as: UTF8.self)
        do throws(PatternError) { patterns = try IgnorePatterns(parsing: text) } catch {
            throw .message(".dockerignore: \(error)")
        }
        if let bytes {
            // Under a name that nothing in the folder has, and that the steps do not see.
            dockerfile = ".dockerfile.\(Timestamp.now.nanoseconds)"
            extras.append((dockerfile, bytes))
            if list == nil { text = ".dockerignore" }
            text += "\n\(dockerfile)\n"
            extras.append((".dockerignore", Array(text.utf8)))
        } else {
            if patterns.excludes(dockerfile) { extras.append((dockerfile, try Self.read("\(path)/\(dockerfile)"))) }
            if list != nil, isOwnList || patterns.excludes(".dockerignore") {
                extras.append((".dockerignore", Array(text.utf8)))
            }
        }
    }

    /// The Dockerfile's path inside the folder; nil when it lies elsewhere.
    private static func locate(_ file: String?, in folder: String) throws(Failure) -> String? {
        guard let file else {
            for name in ["Dockerfile", "dockerfile"] where access("\(folder)/\(name)", F_OK) == 0 { return name }
            throw .message("unable to prepare context: \(folder) has no Dockerfile; name another with --file")
        }
        let path = access(file, F_OK) == 0 || file.hasPrefix("/") ? file : "\(folder)/\(file)"
        do throws(SyscallError) {
            let (full, root) = (try Files.resolve(path), try Files.resolve(folder))
            let prefix = root == "/" ? root : root + "/"
            return full.hasPrefix(prefix) ? String(full.dropFirst(prefix.count)) : nil
        } catch {
            throw .message("unable to prepare context: Dockerfile \(file): \(error)")
        }
    }

    private func takeInput(_ file: String?, _ input: Int32) throws(Failure) {
        var head: [UInt8] = []
        while head.count < 512 {
            let more = try Self.readSome(input, 512 - head.count)
            if more.isEmpty { break }
            head += more
        }
        if Self.isArchive(head) {
            archive = (head, input)
            dockerfile = file ?? "Dockerfile"
            return
        }
        extras = [("Dockerfile", head + (try Self.readAll(input)))]
        guard !extras[0].bytes.isEmpty else {
            throw .message("standard input is empty: neither a Dockerfile nor an archive")
        }
    }

    private static func isArchive(_ head: [UInt8]) -> Bool {
        let magics: [[UInt8]] = [
            [0x1f, 0x8b], Array("BZh".utf8), [0xfd, 0x37, 0x7a, 0x58, 0x5a], [0x28, 0xb5, 0x2f, 0xfd],
        ]
        return magics.contains { head.starts(with: $0) } || head.dropFirst(257).starts(with: "ustar".utf8)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    // MARK: sending

    private func send(_ write: @escaping ([UInt8]) throws(SyscallError) -> Void) throws(SyscallError) {
        if let archive {
            try write(archive.head)
            while true {
                let piece = try Self.readPiece(archive.descriptor, 65536)
                if piece.isEmpty { return }
                try write(piece)
            }
        }
        var packer = TreePacker(write: write)
        packer.disowns = true
        for extra in extras { try packer.pack(extra.bytes, as: extra.name) }
        guard let folder else { return try write(TarEntry.trailer) }
        let (patterns, taken) = (patterns, Set(extras.map(\.name)))
        packer.choose = { name in
            if taken.contains(name) { return .leaveOut }
            guard patterns.excludes(name) else { return .pack }
            return patterns.hasExceptions ? .lookInside : .leaveOut
        }
        try packer.pack(folder, as: "")
    }

    // MARK: reading

    private static func read(_ file: String) throws(Failure) -> [UInt8] {
        do throws(SyscallError) { return try WholeFile.read(file) } catch {
            throw .message("unable to prepare context: \(error)")
        }
    }

    private static func readAll(_ descriptor: Int32) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try readSome(descriptor, 65536)
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    private static func readSome(_ descriptor: Int32, _ limit: Int) throws(Failure) -> [UInt8] {
        do throws(SyscallError) { return try readPiece(descriptor, limit) } catch {
            throw .message("standard input: \(error)")
        }
    }

    private static func readPiece(_ descriptor: Int32, _ limit: Int) throws(SyscallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try check("read") { bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, limit) } }
        return Array(bytes[..<count])
    }
}
