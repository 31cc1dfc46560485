package import JSON
package import LinuxKernel
package import RuntimeSpec

/// What is remembered of a container between commands, as `state.json` in its folder below the root.
///
/// A pid alone may belong to somebody else by now: with the start time it names one process for good.
package struct ContainerState: Equatable, Sendable {
    package var id: String
    package var ociVersion: String
    package var bundle: String
    package var rootfs: String
    package var pid: Int32
    /// Clock ticks between boot and the start of the process.
    package var startTime: UInt64
    /// Nanoseconds since 1970.
    package var created: Int64
    /// Who made it, by uid.
    package var owner: UInt32
    package var annotations: [String: String]
    /// The path of its group; absent when nobody keeps one.
    package var cgroupPath: String?
    /// What it has of its own or shares with others.
    package var namespaces: Namespaces
    /// Whether its pid namespace is its own, so that the death of its first process ends all others.
    package var ownsProcesses: Bool
    /// Others lived in its group before: it is left as it is when the container goes.
    package var sharesCgroup = false
    /// What its standard streams were when it was made; for those that the caller gave it.
    package var externalDescriptors: [String]?
    /// Whether it can be started, or was made for its namespaces alone.
    package var hasProcess = true
    /// Else its root is not that of its mount namespace, and `exec` changes it by chroot(2).
    package var hasOwnMounts: Bool { namespaces.contains(.mount) }

    package init(
        id: String, ociVersion: String, bundle: String, rootfs: String, pid: Int32, startTime: UInt64, created: Int64,
        owner: UInt32, annotations: [String: String], cgroupPath: String?, namespaces: Namespaces
    ) {
        self.id = id
        self.ociVersion = ociVersion
        self.bundle = bundle
        self.rootfs = rootfs
        self.pid = pid
        self.startTime = startTime
        self.created = created
        self.owner = owner
        self.annotations = annotations
        self.cgroupPath = cgroupPath
        self.namespaces = namespaces
        ownsProcesses = namespaces.contains(.pid)
    }

    /// The state as the specification has it, for hooks, listeners and `state`.
    package func oci(_ status: RuntimeSpec.Status, pid: Int32? = nil) -> RuntimeSpec.State {
        RuntimeSpec.State(
            ociVersion: ociVersion, id: id, status: status, pid: status == .stopped ? 0 : Int(pid ?? self.pid),
            bundle: bundle, annotations: annotations.isEmpty ? nil : annotations)
    }
}

extension ContainerState: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self.init(
            id: try json["id"].string(), ociVersion: try json["ociVersion"].string(),
            bundle: try json["bundle"].string(), rootfs: try json["rootfs"].string(),
            pid: try json["pid"].int(Int32.self), startTime: try json["startTime"].int(UInt64.self),
            created: try json["created"].int(Int64.self), owner: try json["owner"].int(UInt32.self),
            annotations: try json["annotations"].readIfPresent() ?? [:],
            cgroupPath: try json["cgroupPath"].stringIfPresent(),
            namespaces: Namespaces(rawValue: try json["namespaces"].int(UInt64.self)))
        hasProcess = try json["hasProcess"].boolIfPresent() ?? true
        ownsProcesses = try json["ownsProcesses"].boolIfPresent() ?? ownsProcesses
        sharesCgroup = try json["sharesCgroup"].boolIfPresent() ?? false
        externalDescriptors = try json["external_descriptors"].stringIfPresent().flatMap { text in
            try? JSONValue(parsing: text).arrayValue?.compactMap(\.stringValue)
        }
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["version"] = .integer(1)
        json["id"] = .string(id)
        json["ociVersion"] = .string(ociVersion)
        json["bundle"] = .string(bundle)
        json["rootfs"] = .string(rootfs)
        json["pid"] = .integer(Int64(pid))
        json["startTime"] = .integer(Int64(clamping: startTime))
        json["created"] = .integer(created)
        json["owner"] = .integer(Int64(owner))
        if !annotations.isEmpty { json["annotations"] = annotations.json }
        if let cgroupPath { json["cgroupPath"] = .string(cgroupPath) }
        if !hasProcess { json["hasProcess"] = .bool(false) }
        if ownsProcesses != namespaces.contains(.pid) { json["ownsProcesses"] = .bool(ownsProcesses) }
        if sharesCgroup { json["sharesCgroup"] = .bool(true) }
        if let externalDescriptors {
            // A text with a list in it, as crun's readers expect.
            let list = JSONValue.array(externalDescriptors.map { .string($0) })
            json["external_descriptors"] = .string(String(decoding: list.encoded(), as: UTF8.self))
        }
        json["namespaces"] = .integer(Int64(namespaces.rawValue))
        return .object(json)
    }
}
