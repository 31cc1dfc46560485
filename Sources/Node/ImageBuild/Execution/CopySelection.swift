internal import Archives
internal import LinuxKernel
internal import Patterns

/// One thing that a COPY or ADD puts into the image.
struct CopyItem: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case file
        /// Whose contents are copied, not itself.
        case directory
        /// A tar that ADD unpacks.
        case archive
        /// What stands in the Dockerfile.
        case text(String)
    }

    var kind: Kind
    /// As the Dockerfile names it.
    var path: EntryPath
    /// Where it really lies in the source.
    var place: EntryPath

    var name: [UInt8] { path.name }
}

/// Finds what a COPY or ADD names in a tree; blocking.
struct CopySelection {
    let copy: CopyInstruction
    let tree: Tree
    private var isContext: Bool { copy.from == nil }
    private var keyword: String { copy.isAdd ? "ADD" : "COPY" }

    init(_ copy: CopyInstruction, in tree: Tree) {
        self.copy = copy
        self.tree = tree
    }

    func items() throws(BuildError) -> [CopyItem] {
        var items: [CopyItem] = []
        for source in copy.sources { items += try self.items(source) }
        for heredoc in copy.heredocs {
            let path = try building { () throws(ArchiveError) in try EntryPath(inContainer: heredoc.name) }
            items.append(CopyItem(kind: .text(heredoc.text), path: path, place: path))
        }
        guard !items.isEmpty else { throw .invalid("\(keyword) failed: no source files were specified") }
        if items.count > 1, !Self.isDirectory(copy.destination) {
            throw .invalid(
                "When using \(keyword) with more than one source file, the destination must be a directory and end with a /"
            )
        }
        return items
    }

    /// Whether a destination says by itself that it is a directory.
    static func isDirectory(_ destination: String) -> Bool {
        destination.hasSuffix("/") || destination.hasSuffix("/.") || destination.hasSuffix("/..")
            || destination == "." || destination == ".."
    }

    private func items(_ source: String) throws(BuildError) -> [CopyItem] {
        let scheme = source.prefix { $0 != ":" }.lowercased()
        if copy.isAdd, ["http", "https"].contains(scheme) || source.hasPrefix("git@") || source.hasSuffix(".git") {
            throw .invalid(
                "ADD \(source): fetching is not supported: download it first and ADD the file, or fetch it in a RUN")
        }
        var names: [Substring] = []
        for name in source.split(separator: "/") where name != "." {
            if name == "..", names.popLast() == nil {
                throw .invalid("\(keyword) failed: forbidden path outside the build context: \(source)")
            }
            if name != ".." { names.append(name) }
        }
        let patterns = try names.map { (name) throws(BuildError) in try pattern(name) }
        if !patterns.contains(where: \.isWild) {
            let path = EntryPath(components: names.map { Array(Self.literal($0).utf8) })
            guard let item = try item(path) else { throw missing(source) }
            return [item]
        }
        var found: [CopyItem] = []
        try search(patterns[...], names[...], EntryPath(), &found)
        guard !found.isEmpty else {
            throw .invalid("\(keyword) failed: no source files were specified: nothing fits \(source)")
        }
        return found
    }

    private func missing(_ source: String) -> BuildError {
        .invalid(
            isContext
                ? "\(keyword) failed: file not found in build context or excluded by .dockerignore: stat \(source): file does not exist"
                : "\(keyword) failed: stat \(source): file does not exist in \(copy.from ?? "")")
    }

    private func pattern(_ name: Substring) throws(BuildError) -> NamePattern {
        do throws(PatternError) { return try NamePattern(name) } catch { throw .invalid("\(keyword): \(error)") }
    }

    /// A name without the backslashes that guard its characters.
    private static func literal(_ name: Substring) -> String {
        var text = ""
        var rest = name
        while let character = rest.popFirst() {
            text.append(character == "\\" ? rest.popFirst() ?? character : character)
        }
        return text
    }

    private func search(
        _ patterns: ArraySlice<NamePattern>, _ names: ArraySlice<Substring>, _ path: EntryPath,
        _ found: inout [CopyItem]
    ) throws(BuildError) {
        guard let pattern = patterns.first, let written = names.first else {
            if let item = try item(path), !found.contains(item) { found.append(item) }
            return
        }
        guard let place = try? tree.directory(path) else { return }
        if written == "**", patterns.count > 1 {
            try search(patterns.dropFirst(), names.dropFirst(), path, &found)
        }
        for item in try building({ () throws(ArchiveError) in try TreeItem.all(in: place) }) {
            let next = path.appending(item.bytes)
            if written == "**" {
                if patterns.count == 1 {
                    try search([], [], next, &found)
                } else if item.isDirectory {
                    try search(patterns, names, next, &found)
                }
            } else if pattern.matches(item.name) {
                try search(patterns.dropFirst(), names.dropFirst(), next, &found)
            }
        }
    }

    /// What lies at `path`; nil when there is nothing.
    private func item(_ path: EntryPath) throws(BuildError) -> CopyItem? {
        try building { () throws(ArchiveError) in
            guard let kind = try tree.look(at: path) else { return nil }
            let place = try tree.resolved(path)
            switch kind {
            case .directory: return CopyItem(kind: .directory, path: path, place: place)
            case .file where copy.isAdd && isArchive(place): return CopyItem(kind: .archive, path: path, place: place)
            case .file, .other: return CopyItem(kind: .file, path: path, place: place)
            }
        }
    }

    /// Whether a file is a tar, compressed or not, by its content.
    private func isArchive(_ place: EntryPath) -> Bool {
        guard let source = try? tree.open(place), let reader = try? TarReader(source) else { return false }
        return ((try? reader.nextEntry()) ?? nil) != nil
    }
}
