internal import DockerClient
internal import JSON
internal import LinuxKernel

/// A volume driver in another process, reached over a Unix socket; every call blocks.
///
/// Source: Docker's volume plugin protocol, version 1.
package struct VolumePlugin: Equatable, Sendable {
    package let name: String
    private let socket: String

    /// Where plugins announce themselves: sockets, and files that name one.
    private static let sockets = ["/run/pouch/plugins", "/run/docker/plugins"]
    private static let files = [
        "/etc/pouch/plugins", "/etc/docker/plugins", "/usr/lib/pouch/plugins", "/usr/lib/docker/plugins",
    ]

    /// - Throws: ``VolumesError/notFound(_:)`` in Docker's words; ``VolumesError/invalid(_:)`` when it is no volume driver.
    package static func find(_ name: String) throws(VolumesError) -> VolumePlugin {
        guard !name.contains("/"), let socket = socket(of: name) else {
            throw .notFound("error looking up volume plugin \(name): plugin \"\(name)\" not found")
        }
        let plugin = VolumePlugin(name: name, socket: socket)
        let answer = try plugin.call("Plugin.Activate", [:])
        let kinds = (answer["Implements"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard kinds.contains("VolumeDriver") else {
            throw .invalid("plugin \(name) is no volume driver, it implements \(kinds.joined(separator: ", "))")
        }
        return plugin
    }

    private static func socket(of name: String) -> String? {
        for folder in sockets {
            for path in ["\(folder)/\(name).sock", "\(folder)/\(name)/\(name).sock"] where Files.exists(path) {
                return path
            }
        }
        for folder in files {
            if let bytes = try? WholeFile.read("\(folder)/\(name).spec") {
                return path(String(decoding: bytes, as: UTF8.self))
            }
            if let bytes = try? WholeFile.read("\(folder)/\(name).json"), let json = try? JSONValue(parsing: bytes) {
                return path(json["Addr"]?.stringValue ?? "")
            }
        }
        return nil
    }

    /// Plugins on TCP are not talked to.
    private static func path(_ address: String) -> String? {
        let line = address.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        return line.hasPrefix("unix://") ? String(line.dropFirst(7)) : nil
    }

    // MARK: calls

    package func create(_ volume: String, _ options: [String: String]) throws(VolumesError) {
        let options = JSONObject(options.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) })
        try call("VolumeDriver.Create", ["Name": .string(volume), "Opts": .object(options)])
    }

    package func remove(_ volume: String) throws(VolumesError) {
        try call("VolumeDriver.Remove", ["Name": .string(volume)])
    }

    /// Makes the volume usable for `user`; gives its folder.
    package func mount(_ volume: String, for user: String) throws(VolumesError) -> String {
        try folder(try call("VolumeDriver.Mount", ["Name": .string(volume), "ID": .string(user)]), volume)
    }

    package func unmount(_ volume: String, for user: String) throws(VolumesError) {
        try call("VolumeDriver.Unmount", ["Name": .string(volume), "ID": .string(user)])
    }

    private func folder(_ answer: JSONValue, _ volume: String) throws(VolumesError) -> String {
        guard let path = answer["Mountpoint"]?.stringValue, path.hasPrefix("/") else {
            throw .failed("plugin \(name): no mount point for \(volume)")
        }
        return path
    }

    @discardableResult
    private func call(_ method: String, _ body: JSONObject) throws(VolumesError) -> JSONValue {
        do throws(ClientError) {
            let client = DockerClient(.unix(path: socket))
            let reply = try client.post("/" + method, [:], .object(body))
            let answer = reply.body.isEmpty ? JSONValue.object([:]) : try reply.json()
            if let failure = answer["Err"]?.stringValue, !failure.isEmpty {
                throw ClientError.refused(status: 500, message: failure)
            }
            return answer
        } catch {
            throw .failed("\(method) of volume plugin \(name): \(error)")
        }
    }
}
