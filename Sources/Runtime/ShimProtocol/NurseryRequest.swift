package import JSON

/// What pouchd asks of the nursery: one more shim.
///
/// One message on the nursery's socket, with these descriptors: the report pipe's writing end, the reading end of the word's
/// pipe, the shim's own log, then the attached sockets in the order of `attached`. The shim answers on the report pipe, the
/// nursery not at all: whatever goes wrong before there is a shim closes the pipe without a line.
///
/// The shim is born while pouchd still writes the bundle. It makes what needs no bundle, waits for the word, which is
/// one byte, and only then reads its directory. The end of the pipe without a word means that nothing comes of it.
package struct NurseryRequest: Equatable, Sendable {
    /// How many attached sockets one message can carry.
    package static let mostAttached = 6

    /// The shim's directory.
    package var directory: String
    /// The numbers that the attached sockets have in the shim.
    package var attached: [Int32]
    /// The container's control group, for the shim to make while it waits.
    package var cgroup: String?

    package init(directory: String, attached: [Int32] = [], cgroup: String? = nil) {
        self.directory = directory
        self.attached = attached
        self.cgroup = cgroup
    }
}

extension NurseryRequest: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        directory = try json["directory"].string()
        attached = try json["attached"].read()
        cgroup = try json["cgroup"].stringIfPresent()
    }

    package var json: JSONValue {
        var members: JSONValue = ["directory": directory.json, "attached": attached.json]
        members["cgroup"] = cgroup?.json
        return members
    }
}
