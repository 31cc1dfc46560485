internal import ContentStore
internal import ImageSpec
internal import Lanes
internal import Synchronization

/// The uploads under way, those from before a restart included.
final class Uploads: Sendable {
    private let repositories: RepositoryStore
    private let lanes: Lanes
    private let known = Mutex<[String: Upload]>([:])

    init(_ repositories: RepositoryStore, lanes: Lanes) {
        self.repositories = repositories
        self.lanes = lanes
    }

    func begin(in name: String, _ algorithm: Digest.Algorithm) async throws -> Upload {
        // The algorithm is in the id, so that the upload can go on after a restart.
        let id = "\(Self.random())-\(algorithm.rawValue)"
        try await lanes.run { [repositories] () throws(ContentError) in try repositories.note(upload: id, in: name) }
        let upload = Upload(id: id, name: name, content: repositories.content, algorithm: algorithm)
        known.withLock { $0[id] = upload }
        return upload
    }

    /// - Throws: `uploadUnknown`.
    func find(_ id: String, in name: String) async throws -> Upload {
        if let upload = known.withLock({ $0[id] }) {
            guard upload.name == name else { throw RegistryError.uploadUnknown }
            return upload
        }
        guard let algorithm = Self.algorithm(of: id),
            await lanes.run({ [repositories] in repositories.hasUpload(id, in: name) })
        else { throw RegistryError.uploadUnknown }
        return known.withLock { known in
            if let raced = known[id] { return raced }
            let upload = Upload(id: id, name: name, content: repositories.content, algorithm: algorithm)
            known[id] = upload
            return upload
        }
    }

    func end(_ upload: Upload) async {
        known.withLock { $0[upload.id] = nil }
        await lanes.run { [repositories] in repositories.forget(upload: upload.id, in: upload.name) }
    }

    /// The algorithm of an id of ours; nil for what is none, so that no path is made of it.
    private static func algorithm(of id: String) -> Digest.Algorithm? {
        guard id.utf8.count <= 64, id.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) || (97...122).contains($0) })
        else { return nil }
        return id.split(separator: "-").last.flatMap { Digest.Algorithm(rawValue: String($0)) }
    }

    /// A random UUID.
    ///
    /// Source: RFC 9562, version 4.
    private static func random() -> String {
        let high = UInt64.random(in: .min ... .max) & ~0xf000 | 0x4000
        let low = UInt64.random(in: .min ... .max) & ~(3 << 62) | 1 << 63
        let digits = [high, low].map { number in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
        var groups: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return groups.joined(separator: "-")
    }
}
