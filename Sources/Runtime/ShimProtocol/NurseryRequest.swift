package import JSON

/// What pouchd asks of the nursery: one more shim.
///
/// One message on the nursery's socket, with these descriptors: the report pipe's writing end, the shim's own log, then the
/// attached sockets in the order of `attached`. The shim answers on the report pipe, the nursery not at all: whatever goes
/// wrong before there is a shim closes the pipe without a line.
package struct NurseryRequest: Equatable, Sendable {
    /// How many attached sockets one message can carry.
    package static let mostAttached = 6

    /// The shim's directory.
    package var directory: String
    /// The numbers that the attached sockets have in the shim.
    package var attached: [Int32]

    package init(directory: String, attached: [Int32] = []) {
        self.directory = directory
        self.attached = attached
    }
}

extension NurseryRequest: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        directory = try json["directory"].string()
        attached = try json["attached"].read()
    }

    package var json: JSONValue { ["directory": directory.json, "attached": attached.json] }
}
