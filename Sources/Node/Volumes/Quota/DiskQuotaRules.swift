package import DiskQuota
internal import Units

/// What `--disk-quota` and `--quota-id` say: which parts of a container share how much disk.
///
/// | key         | means                                                                       |
/// |-------------|-----------------------------------------------------------------------------|
/// | `/dir`      | what is mounted at `/dir`; `/` is the root filesystem                       |
/// | `/&/dir`    | all of these share one limit                                                |
/// | a pattern   | a regular expression for whole destinations; each match has a limit of its own |
/// | `.*`        | everything that no other key takes, each with a limit of its own            |
///
/// With a quota id everything that the one key takes shares one limit; a size without a key is `.*` with an id that is chosen here.
/// What several keys take goes to the first of: the key that spells the destination out, the longest pattern (of equally long ones the
/// alphabetically first), `.*`. A volume with a size of its own is never taken.
package struct DiskQuotaRules: Equatable, Sendable {
    package enum Sharing: Equatable, Sendable {
        case none
        /// One limit for all, under an id to be chosen.
        case chosen
        case fixed(UInt32)
    }

    package struct Entry: Equatable, Sendable {
        /// As it was written.
        package var key: String
        package var limit: QuotaLimit
        /// The destinations that share, when the key has `&`.
        var paths: [String]
    }

    package private(set) var entries: [Entry] = []
    package private(set) var sharing = Sharing.none

    private static let everything = ".*"
    /// Longer patterns are nobody's mount destination.
    private static let longestKey = 4096

    /// Reads `DiskQuota` and `QuotaID` of a container's configuration.
    ///
    /// - Throws: ``VolumesError/invalid(_:)`` naming the key.
    package init(_ quotas: [String: String], id: String) throws(VolumesError) {
        for (key, text) in quotas.sorted(by: { $0.key < $1.key }) {
            entries.append(try Self.entry(key, text))
        }
        try checkPaths()
        sharing = try Self.sharing(id)
        if sharing != .none, entries.count != 1 {
            throw .invalid("a quota id needs exactly one disk quota, and there are \(entries.count)")
        }
    }

    package var isEmpty: Bool { entries.isEmpty }

    private static func sharing(_ id: String) throws(VolumesError) -> Sharing {
        guard !id.isEmpty else { return .none }
        guard let number = Int64(id), number < Int64(UInt32.max) else {
            throw .invalid("invalid quota id \"\(id)\": a number is needed, at most \(UInt32.max - 1)")
        }
        return number == 0 ? .none : number < 0 ? .chosen : .fixed(UInt32(number))
    }

    private static func entry(_ key: String, _ text: String) throws(VolumesError) -> Entry {
        func refusal(_ why: String) -> VolumesError { .invalid("invalid disk quota \"\(key)=\(text)\": \(why)") }
        guard !key.isEmpty, key.utf8.count <= longestKey else { throw refusal("the key is empty or too long") }
        let limit = try QuotaLimit(parsing: text) { refusal($0) }
        guard key.contains("&") else {
            if key != everything { _ = try pattern(key, refusal) }
            return Entry(key: key, limit: limit, paths: [])
        }
        let paths = key.split(separator: "&", omittingEmptySubsequences: false).map(String.init)
        guard paths.allSatisfy({ $0.hasPrefix("/") }) else { throw refusal("paths between & must be absolute") }
        return Entry(key: key, limit: limit, paths: paths)
    }

    private static func pattern(
        _ key: String, _ refusal: (String) -> VolumesError
    ) throws(VolumesError) -> Regex<AnyRegexOutput> {
        do { return try Regex(key) } catch { throw refusal("not a regular expression") }
    }

    private func checkPaths() throws(VolumesError) {
        var seen: [String: String] = [:]
        for entry in entries where !entry.paths.isEmpty {
            for path in entry.paths {
                if let other = seen.updateValue(entry.key, forKey: path) {
                    throw .invalid("disk quota: \(path) is in \"\(other)\" and again in \"\(entry.key)\"")
                }
            }
        }
        for entry in entries where entry.paths.isEmpty {
            if let other = seen[entry.key] {
                throw .invalid("disk quota: \(entry.key) is in \"\(other)\" and again in \"\(entry.key)\"")
            }
        }
    }

    // MARK: who takes what

    /// A part of a container that can have a limit.
    package struct Target: Equatable, Sendable {
        /// `/` is the root filesystem.
        package var destination: String
        /// Taken only by a key that spells it out, as a mount that cannot be written through.
        package var isShy: Bool

        package init(_ destination: String, isShy: Bool = false) {
            self.destination = destination
            self.isShy = isShy
        }
    }

    /// Targets that share one limit.
    package struct Pool: Equatable, Sendable {
        package var key: String
        package var limit: QuotaLimit
        package var destinations: [String]
        package var sharing: Sharing
    }

    /// Who shares what; targets that nothing takes are in no pool.
    ///
    /// - Throws: ``VolumesError/invalid(_:)`` when a key takes nothing: a limit that limits nothing is a mistake.
    package func pools(for targets: [Target]) throws(VolumesError) -> [Pool] {
        var taken: [String: [String]] = [:]
        for target in targets {
            if let entry = try entry(for: target) { taken[entry.key, default: []].append(target.destination) }
        }
        var pools: [Pool] = []
        for entry in entries {
            let destinations = taken[entry.key] ?? []
            for path in entry.paths where !destinations.contains(path) {
                throw .invalid("disk quota \"\(entry.key)\": nothing is mounted at \(path) that could have a limit")
            }
            if destinations.isEmpty {
                guard entry.key != Self.everything || sharing != .none else { continue }
                throw .invalid("disk quota \"\(entry.key)\": the container has nothing there that could have a limit")
            }
            let isShared = sharing != .none || !entry.paths.isEmpty
            for group in isShared ? [destinations] : destinations.map({ [$0] }) {
                pools.append(Pool(key: entry.key, limit: entry.limit, destinations: group, sharing: sharing))
            }
        }
        return pools
    }

    private func entry(for target: Target) throws(VolumesError) -> Entry? {
        if let named = entries.first(where: { $0.key == target.destination || $0.paths.contains(target.destination) }) {
            return named
        }
        guard !target.isShy else { return nil }
        let patterns = entries.filter { $0.paths.isEmpty && $0.key != Self.everything }.sorted {
            $0.key.count == $1.key.count ? $0.key < $1.key : $0.key.count > $1.key.count
        }
        for entry in patterns {
            let pattern = try Self.pattern(entry.key) { .invalid("disk quota \"\(entry.key)\": \($0)") }
            if (try? pattern.wholeMatch(in: target.destination)) ?? nil != nil { return entry }
        }
        return entries.first { $0.key == Self.everything }
    }
}

extension QuotaLimit {
    /// Reads `10g`, `10g,inodes=5000` or `inodes=5000`.
    init(
        parsing text: String, refusal: (String) -> VolumesError
    ) throws(VolumesError) {
        self.init()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if part.hasPrefix("inodes=") {
                guard inodes == nil, let count = UInt64(part.dropFirst(7)), count > 0, count < 1 << 32 else {
                    throw refusal("inodes needs a number above 0, once")
                }
                inodes = count
            } else {
                guard bytes == nil else { throw refusal("more than one size") }
                do throws(ParseError) {
                    bytes = try ByteCount(parsing: String(part))
                } catch {
                    throw refusal("\(error)")
                }
                guard bytes != 0 else { throw refusal("the size is 0") }
            }
        }
    }
}
