/// What the database keeps about a volume.
struct VolumeRecord: Codable, Equatable, Sendable {
    var name: String
    var created: Timestamp
    var driver = "local"
    var labels: [String: String] = [:]
    var options: [String: String] = [:]
    /// Made for one container, without a name from a person.
    var anonymous = false
    /// The user's folder that it is, or where a plugin has it; else it lies with us.
    var place: String?
    /// The limited space it lies in, if any.
    var space: UInt32?
}
