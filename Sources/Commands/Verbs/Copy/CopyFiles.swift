internal import DockerClient
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import Units

/// What `pouch cp` does.
struct CopyFiles: Verb {
    static let usage = Usage(
        name: "cp", synopsis: "CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH",
        summary: "Copy files/folders between a container and the local filesystem", operands: 2...2,
        completes: .files)

    var keepsOwner = false
    var followsLink = false
    var isQuiet = false
    var source = CopyEnd.stream
    var target = CopyEnd.stream

    static var flags: [Flag<CopyFiles>] {
        [
            .toggle("archive", short: "a", "Archive mode (copy all uid/gid information)", \.keepsOwner),
            .toggle("follow-link", short: "L", "Always follow symbol link in SRC_PATH", \.followsLink),
            .toggle("quiet", short: "q", "Suppress progress output during copy", \.isQuiet),
        ]
    }

    mutating func take(_ operands: [String]) throws(UsageError) {
        (source, target) = (CopyEnd(operands[0]), CopyEnd(operands[1]))
        switch (source, target) {
        case (.container, .container): throw .operands("copying between containers is not supported")
        case (.container, _), (_, .container): break
        default: throw .operands("must specify at least one container source")
        }
    }

    func run(_ session: Session) throws(Failure) {
        switch (source, target) {
        case (.container(let container, let path), .local(let local)):
            try FromContainer(copy: self, container: container, session: session).copy(path, to: local)
        case (.container(let container, let path), _):
            try FromContainer(copy: self, container: container, session: session).stream(path)
        case (.local(let local), .container(let container, let path)):
            try ToContainer(copy: self, container: container, session: session).copy(local, to: path)
        case (_, .container(let container, let path)):
            try ToContainer(copy: self, container: container, session: session).stream(to: path)
        default: break
        }
    }

    /// Tells on a terminal how much was copied.
    func report(_ bytes: Int64, _ target: String, _ session: Session) {
        guard !isQuiet, Terminal.isTerminal(session.errors) else { return }
        session.complain("Successfully copied \(Human.size(Double(bytes))) to \(target)")
    }
}

/// What the daemon says of a path in a container.
struct ContainerPath: Equatable {
    var isDirectory: Bool
    /// Where it points, when it is a symbolic link.
    var linkTarget: String?

    /// Asks; `nil` when the path is not there.
    static func look(_ container: String, _ target: String, _ session: Session) throws(Failure) -> ContainerPath? {
        do throws(ClientError) {
            let reply = try session.client.send(
                Request("HEAD", path("containers", container, "archive"), ["path": target]))
            return ContainerPath(reply.head)
        } catch {
            guard error.status == 404 else { throw .client(error) }
            // The answer to HEAD has no text: ask for the container to learn whose absence it is.
            _ = try ContainerRecord(container, session)
            return nil
        }
    }

    /// Reads the header that goes with an archive: JSON in base 64, its mode in Go's bits.
    init?(_ head: ResponseHead) {
        guard let text = head["x-docker-container-path-stat"], let bytes = Base64.decoded(text),
            let status = try? JSONValue(parsing: bytes)
        else { return nil }
        let mode = status["mode"]?.intValue ?? 0
        isDirectory = mode & 1 << 31 != 0
        let target = status["linkTarget"]?.stringValue ?? ""
        linkTarget = mode & 1 << 27 != 0 && !target.isEmpty ? target : nil
    }
}

/// Copies out of a container.
struct FromContainer {
    let copy: CopyFiles
    let container: String
    let session: Session

    func stream(_ source: String) throws(Failure) {
        guard !Terminal.isTerminal(session.output) else {
            throw .message("cowardly refusing to copy an archive to a terminal; redirect it")
        }
        try ArchiveFile.copy(try open(followed(source).path), to: session.output)
    }

    func copy(_ source: String, to local: String) throws(Failure) {
        let (path, name) = try followed(source)
        let stream = try open(path)
        guard let status = ContainerPath(stream.head) else {
            throw .client(.malformed("an archive without a description of its path"))
        }
        let plan = try planned(.init(path: path, isDirectory: status.isDirectory), name, to: local)
        let bytes = try unpack(stream, plan)
        copy.report(bytes, local, session)
    }

    private func open(_ source: String) throws(Failure) -> ResponseStream {
        try session.open(Request("GET", Verbs.path("containers", container, "archive"), ["path": source]))
    }

    /// With `-L` a link's target; the copy keeps the link's name.
    private func followed(_ source: String) throws(Failure) -> (path: String, name: String?) {
        guard copy.followsLink, let status = try ContainerPath.look(container, source, session),
            let target = status.linkTarget
        else { return (source, nil) }
        let path = target.hasPrefix("/") ? target : CopyPlan.parent(source) + "/" + target
        return (path, CopyPlan.base(source))
    }

    private func planned(_ source: CopyPlan.Source, _ name: String?, to local: String) throws(Failure) -> CopyPlan {
        var status = stat()
        let exists = stat(local, &status) == 0
        let target = CopyPlan.Destination(
            path: absolute(local) + (local.hasSuffix("/") ? "/" : ""), exists: exists,
            isDirectory: exists && status.st_mode & S_IFMT == S_IFDIR)
        do throws(TarError) {
            var plan = try CopyPlan(source, to: target)
            if let name, plan.to == nil, plan.from != nil { plan.to = name }
            return plan
        } catch {
            throw .message("\(error)")
        }
    }

    private func unpack(_ stream: ResponseStream, _ plan: CopyPlan) throws(Failure) -> Int64 {
        var reader = TarReader()
        var total: Int64 = 0
        do {
            var unpacker = try TreeUnpacker(in: plan.folder, keepsOwner: copy.keepsOwner)
            while let piece = try stream.read() {
                reader.feed(piece)
                while let event = try reader.next() {
                    switch event {
                    case .entry(let entry):
                        total += entry.size
                        var target: [String] = []
                        if case .hardLink(let name) = entry.kind { target = try plan.rename(name) }
                        try unpacker.begin(entry, as: try plan.rename(entry.name), linkedTo: target)
                    case .bytes(let bytes): try unpacker.write(bytes)
                    case .endOfEntry: try unpacker.finish()
                    }
                }
            }
            guard reader.isComplete else { throw TarError(description: "the archive ends in the middle") }
            try unpacker.complete()
            return total
        } catch let error as ClientError {
            throw .client(error)
        } catch {
            throw .message("copying to \(plan.folder): \(error)")
        }
    }
}

/// Copies into a container.
struct ToContainer {
    let copy: CopyFiles
    let container: String
    let session: Session

    func stream(to target: String) throws(Failure) {
        guard let status = try ContainerPath.look(container, target, session), status.isDirectory else {
            throw .message("destination \"\(container):\(target)\" must be a directory")
        }
        try put(target, .file(session.input))
    }

    func copy(_ local: String, to target: String) throws(Failure) {
        let (target, status) = try followed(target)
        let entersFolder = local.hasSuffix("/") || local.hasSuffix("/.") || local == "."
        var info = stat()
        let path = absolute(local) == "/" ? "/" : absolute(local)
        guard (copy.followsLink || entersFolder ? stat(path, &info) : lstat(path, &info)) == 0 else {
            throw .message("\(SyscallError("stat", errno: errno, subject: local))")
        }
        let isDirectory = info.st_mode & S_IFMT == S_IFDIR
        let contentsOnly = isDirectory && (local.hasSuffix("/.") || local == "." || path == "/")
        let plan: CopyPlan
        do throws(TarError) {
            plan = try CopyPlan(
                .init(path: contentsOnly ? "\(path)/." : path, isDirectory: isDirectory),
                to: .init(path: target, exists: status != nil, isDirectory: status?.isDirectory ?? false))
        } catch {
            throw .message("\(error)")
        }
        let name = plan.to ?? plan.from ?? ""
        let resolved = copy.followsLink || entersFolder ? Self.resolved(path) : path
        try pack(resolved, as: name, into: plan.folder, shown: target)
    }

    private func pack(_ local: String, as name: String, into folder: String, shown: String) throws(Failure) {
        var failure: SyscallError?
        var total: Int64 = 0
        do throws(Failure) {
            try put(
                folder,
                .generated { (write) throws(ClientError) in
                    var refusal: ClientError?
                    do throws(SyscallError) {
                        try withoutActuallyEscaping(write) { (write) throws(SyscallError) in
                            var packer = TreePacker { (bytes) throws(SyscallError) in
                                total += Int64(bytes.count)
                                do throws(ClientError) {
                                    try write(bytes[...])
                                } catch {
                                    refusal = error
                                    throw SyscallError("write", errno: EPIPE)
                                }
                            }
                            try packer.pack(local, as: name)
                        }
                    } catch {
                        if let refusal { throw refusal }
                        failure = error
                        throw .ended(doing: "packing \(local)")
                    }
                })
        } catch {
            if let failure { throw .message("\(failure)") }
            throw error
        }
        copy.report(total, "\(container):\(shown)", session)
    }

    private func put(_ folder: String, _ body: Request.Body) throws(Failure) {
        var query: Query = ["path": folder, "noOverwriteDirNonDir": "true"]
        if copy.keepsOwner { query.add("copyUIDGID", "true") }
        let request = Request("PUT", path("containers", container, "archive"), query, body: body)
        try asking { () throws(ClientError) in try session.client.send(request) }
    }

    /// A destination that is a link is where it points.
    private func followed(_ target: String) throws(Failure) -> (String, ContainerPath?) {
        guard let status = try ContainerPath.look(container, target, session) else { return (target, nil) }
        guard let link = status.linkTarget else { return (target, status) }
        let path = link.hasPrefix("/") ? link : CopyPlan.parent(target) + "/" + link
        return (path, try ContainerPath.look(container, path, session))
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
