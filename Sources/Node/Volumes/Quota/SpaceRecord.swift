package import DiskQuota
internal import Units

/// What is kept about a limited folder: who has something in it, and how much they may write together.
package struct SpaceRecord: Codable, Equatable, Sendable {
    package var id: UInt32
    /// The driver that made it.
    package var driver: String
    package var bytes: UInt64?
    package var inodes: UInt64?
    /// Goes with the containers of a session: never synced, gone after a loss of power.
    package var isVolatile: Bool
    /// Who has a folder in it; the space goes with the last.
    package var members: [SpaceMember]

    package var limit: QuotaLimit {
        get { QuotaLimit(bytes: bytes.map { ByteCount($0) }, inodes: inodes) }
        set { (bytes, inodes) = (newValue.bytes?.bytes, newValue.inodes) }
    }
}

/// Something that lies in a space.
package struct SpaceMember: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// The writable layer of a container.
        case container
        case volume
        /// A folder elsewhere, of a container: `<id> <path>`.
        case folder
    }

    package var kind: Kind
    package var name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    package static func container(_ id: String) -> SpaceMember { SpaceMember(.container, id) }
    package static func volume(_ name: String) -> SpaceMember { SpaceMember(.volume, name) }
    package static func folder(_ path: String, of container: String) -> SpaceMember {
        SpaceMember(.folder, "\(container) \(path)")
    }

    /// Its folder's name in the space; nil when it lies elsewhere.
    var folder: String? {
        switch kind {
        case .container: "c-" + name
        case .volume: "v-" + name
        case .folder: nil
        }
    }

    /// The container it belongs to; empty for a volume.
    package var container: String {
        kind == .volume ? "" : String(name.prefix { $0 != " " })
    }

    /// Where it lies when it is elsewhere.
    var path: String? {
        kind == .folder ? name.firstIndex(of: " ").map { String(name[name.index(after: $0)...]) } : nil
    }
}

/// Where spaces are written down; the daemon's database is one.
package protocol SpaceLedger: Sendable {
    func spaces() throws(VolumesError) -> [SpaceRecord]
    /// Writes a record, new or changed; `durable` waits for the disk.
    func save(_ space: SpaceRecord, durable: Bool) async throws(VolumesError)
    func deleteSpace(_ id: UInt32, durable: Bool) async throws(VolumesError)
}
