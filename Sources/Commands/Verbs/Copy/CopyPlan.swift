/// One end of a copy.
enum CopyEnd: Equatable {
    case local(String)
    case container(String, path: String)
    /// Standard input or output.
    case stream

    /// Reads `CONTAINER:PATH`, `-` or a path of ours.
    ///
    /// A path with a colon must begin with `/` or `.` to be ours.
    ///
    /// Source: docker cp(1).
    init(_ text: String) {
        if text == "-" {
            self = .stream
            return
        }
        let (container, path) = split(text, at: ":")
        guard !text.hasPrefix("/"), !container.hasPrefix("."), !container.isEmpty, let path else {
            self = .local(text)
            return
        }
        self = .container(container, path: path.hasPrefix("/") ? path : "/" + path)
    }
}

/// Where the members of an archive go.
///
/// Docker's rules for what exists and what ends with a slash, decided without looking at anything. Pure.
///
/// Source: docker cp(1).
struct CopyPlan: Equatable {
    /// What is known of the source.
    struct Source: Equatable {
        /// The path as it was asked for, with its slash or dot at the end.
        var path: String
        var isDirectory: Bool
    }

    /// What is known of the destination.
    struct Destination: Equatable {
        var path: String
        var exists: Bool
        var isDirectory: Bool
    }

    /// The folder to unpack in; it exists.
    var folder: String
    /// What every member's name begins with; `nil` when they stand on their own (`SRC/.`).
    var from: String?
    /// What takes its place; `nil` leaves it.
    var to: String?

    init(_ source: Source, to destination: Destination) throws(TarError) {
        let base = Self.base(source.path)
        from = base == "." || base == "/" ? nil : base
        if destination.exists, destination.isDirectory {
            folder = destination.path
            return
        }
        guard !destination.exists || !source.isDirectory else {
            throw TarError(description: "cannot copy a directory to the file \(destination.path)")
        }
        guard destination.exists || source.isDirectory || !destination.path.hasSuffix("/") else {
            throw TarError(description: "no such directory: \(destination.path)")
        }
        guard !source.path.hasSuffix("/") || source.isDirectory else {
            throw TarError(description: "\(source.path): not a directory")
        }
        folder = Self.parent(destination.path)
        to = Self.base(destination.path)
    }

    /// The name under which a member is unpacked.
    ///
    /// - Throws: ``TarError`` for a member that does not belong to what was asked for, or has `..` in its name.
    func rename(_ name: String) throws(TarError) -> [String] {
        var parts = try Self.parts(name)
        if let from {
            guard parts.first == from else {
                throw TarError(description: "\(name): the archive holds more than \(from), which was asked for")
            }
            if let to { parts[0] = to }
        } else if let to {
            parts.insert(to, at: 0)
        }
        return parts
    }

    /// The parts of a member's name, without `.` and without the root.
    static func parts(_ name: String) throws(TarError) -> [String] {
        let parts = name.split(separator: "/").map(String.init).filter { $0 != "." }
        guard !parts.contains("..") else { throw TarError(description: "\(name): leads out of the destination") }
        return parts
    }

    /// The last part; `.` for `dir/.`, `/` for the root.
    static func base(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? "/"
    }

    static func parent(_ path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
