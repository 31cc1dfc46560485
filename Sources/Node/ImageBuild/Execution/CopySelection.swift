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
    /// Which of the instruction's sources was fetched for it; nil for what lies in the source tree.
    var origin: Int?

    var name: [UInt8] { path.name }
}

/// Finds what a COPY or ADD names in a tree; blocking.
struct CopySelection {
    let copy: CopyInstruction
    let tree: Tree
    let remotes: [Int: RemoteFiles]
    private var isContext: Bool { copy.from == nil }
    private var keyword: String { copy.isAdd ? "ADD" : "COPY" }

    init(_ copy: CopyInstruction, in tree: Tree, _ remotes: [Int: RemoteFiles]) {
        self.copy = copy
        self.tree = tree
        self.remotes = remotes
    }

    func items() throws(BuildError) -> [CopyItem] {
        var items: [CopyItem] = []
        for (index, source) in copy.sources.enumerated() {
            if let remote = remotes[index] { items.append(remote.item) } else { items += try self.items(source) }
        }
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
        // Two of them in a row say no more than one, and would be tried in every way.
        var short: [(pattern: NamePattern, name: Substring)] = []
        for (pattern, name) in zip(patterns, names) where name != "**" || short.last?.name != "**" {
            short.append((pattern, name))
        }
        var search = WildSearch()
        try find(short[...], EntryPath(), &search)
        guard !search.found.isEmpty else {
            throw .invalid("\(keyword) failed: no source files were specified: nothing fits \(source)")
        }
        return search.found
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

    /// What was found, and where was looked for which rest of the pattern: `a/**/b/**/c` leads to one place in many ways.
    private struct WildSearch {
        struct Place: Hashable {
            var path: EntryPath
            var rest: Int
        }

        var found: [CopyItem] = []
        var seen: Set<Place> = []
    }

    private func find(
        _ pattern: ArraySlice<(pattern: NamePattern, name: Substring)>, _ path: EntryPath, _ search: inout WildSearch
    ) throws(BuildError) {
        guard search.seen.insert(WildSearch.Place(path: path, rest: pattern.count)).inserted else { return }
        guard let next = pattern.first else {
            if let item = try item(path) { search.found.append(item) }
            return
        }
        guard let place = try? tree.directory(path) else { return }
        let isDeep = next.name == "**"
        if isDeep, pattern.count > 1 { try find(pattern.dropFirst(), path, &search) }
        for item in try building({ () throws(ArchiveError) in try TreeItem.all(in: place) }) {
            let below = path.appending(item.bytes)
            if isDeep, pattern.count > 1 {
                if item.isDirectory { try find(pattern, below, &search) }
            } else if isDeep || next.pattern.matches(item.name) {
                try find(pattern.dropFirst(), below, &search)
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
            case .file where copy.isAdd && copy.unpacks != false && Self.isArchive(place, in: tree):
                return CopyItem(kind: .archive, path: path, place: place)
            case .file, .other: return CopyItem(kind: .file, path: path, place: place)
            }
        }
    }

    /// Whether a file is a tar, compressed or not, by its content.
    static func isArchive(_ place: EntryPath, in tree: Tree) -> Bool {
        guard let source = try? tree.open(place), let reader = try? TarReader(source) else { return false }
        return ((try? reader.nextEntry()) ?? nil) != nil
    }
}
