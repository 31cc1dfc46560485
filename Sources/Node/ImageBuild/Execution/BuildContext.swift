internal import Archives
internal import Lanes
internal import LinuxKernel
internal import NIOCore
internal import Patterns

/// The folder of one build: the files that were sent along, and what its steps need for a moment.
///
/// It goes with ``remove()``; what a crash leaves goes at the next start.
package final class BuildContext: Sendable {
    /// On the host.
    let folder: String
    /// The files that were sent.
    let tree: Tree

    var files: String { folder + "/context" }

    /// Makes an empty one below `parent`; blocks.
    init(in parent: String) throws(BuildError) {
        var random = SystemRandomNumberGenerator()
        let folder = parent + "/" + String(random.next(), radix: 36)
        self.folder = folder
        do throws(SyscallError) {
            for path in [folder, folder + "/context"] { try Files.makeDirectory(path, mode: 0o700) }
        } catch {
            throw .invalid("make the build's folder: \(error)")
        }
        tree = try building { () throws(ArchiveError) in try Tree(path: folder + "/context") }
    }

    deinit {
        let folder = folder
        Lanes.shared.start { try? Tree.remove(path: folder) }
    }

    /// Unpacks the archive that `body` brings, compressed or not.
    ///
    /// Nothing in it can reach out of the context; owners are root's, as Dockerfiles have it.
    func receive<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(_ body: Body) async throws(BuildError) {
        let pipe = ChunkPipe()
        let tree = tree
        async let unpacked: Result<Void, ArchiveError> = Lanes.shared.run {
            do throws(ArchiveError) {
                var options = ExtractionOptions.plain
                options.ownership = .fixed(owner: 0, group: 0)
                let source = PipeSource(pipe)
                let extractor = TreeExtractor(into: tree, options: options)
                _ = try extractor.extract(try TarReader(source))
                try source.drain()
                return .success(())
            } catch {
                pipe.close()
                return .failure(error)
            }
        }
        do {
            for try await piece in body { try await pipe.send(Array(piece.readableBytesView)) }
            pipe.finish()
        } catch {
            pipe.fail(error)
        }
        if case .failure(let error) = await unpacked { throw .invalid("build context: \(error)") }
    }

    /// The text of the Dockerfile at `path`; also takes what `.dockerignore` keeps from the steps away.
    func takeDockerfile(_ path: String) throws(BuildError) -> String {
        let place = try building { () throws(ArchiveError) in try EntryPath(inContainer: path) }
        var found = try building { () throws(ArchiveError) in try tree.read(place) }
        if found == nil, path == "Dockerfile" {
            found = try building { () throws(ArchiveError) in try tree.read(EntryPath(inContainer: "dockerfile")) }
        }
        guard let bytes = found else {
            throw .invalid("cannot locate Dockerfile: /\(place): no such file in the build context")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalid("dockerfile parse error: \(path) is not UTF-8 text")
        }
        if text.allSatisfy(\.isWhitespace) { throw .invalid("the Dockerfile (\(path)) cannot be empty") }
        try hideIgnored(path)
        return text
    }

    /// Clients send these two along for the daemon to read, even where the list says that they stay out.
    private func hideIgnored(_ dockerfile: String) throws(BuildError) {
        let list = EntryPath(components: [Array(".dockerignore".utf8)])
        guard let bytes = try building({ () throws(ArchiveError) in try tree.read(list) }) else { return }
        let patterns: IgnorePatterns
        do throws(PatternError) {
            patterns = try IgnorePatterns(parsing: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw .invalid(".dockerignore: \(error)")
        }
        for path in [".dockerignore", dockerfile] where patterns.excludes(path) {
            guard let place = try? EntryPath(inContainer: path), let parent = try? tree.directory(place.parent) else {
                continue
            }
            withExtendedLifetime(parent) { try? Tree.remove(place.name, at: parent.raw) }
        }
    }

    /// A name in the folder that no step has used.
    func freshPath(_ purpose: String) -> String {
        var random = SystemRandomNumberGenerator()
        return "\(folder)/\(purpose)-\(String(random.next(), radix: 36))"
    }

    package func remove() async {
        let folder = folder
        await Lanes.shared.run { try? Tree.remove(path: folder) }
    }
}
