package import ImageSpec
internal import Logging
internal import RuntimeSpec
package import Snapshots

/// What the image builder needs besides what clients do.
extension Engine {
    /// Marks a build's containers in their annotations: they do not outlive the daemon that built.
    static let buildAnnotation = "pouch.build"

    package var imageStore: ImageStore { images.store }
    package var snapshotter: any Snapshotter { images.snapshots }

    /// A folder of the data root for what builds keep; made by who uses it.
    package var buildFolder: String { services.paths.data + "/build" }

    /// A folder in memory for what a step may see and no disk shall keep; made by who uses it.
    package var buildSecretsFolder: String { services.paths.exec + "/build-secrets" }

    /// The numbers on the host of an owner in a build's containers; nil when their user namespace has no such number.
    package func ownerOutside(user: UInt32, group: UInt32) -> (user: UInt32, group: UInt32)? {
        func outside(_ number: UInt32, _ map: [EngineConfiguration.IDMap]) -> UInt32? {
            if map.isEmpty { return number }
            return map.first { number >= $0.container && number - $0.container < $0.size }.map {
                $0.host + (number - $0.container)
            }
        }
        guard let user = outside(user, configuration.userMap), let group = outside(group, configuration.groupMap) else {
            return nil
        }
        return (user, group)
    }

    /// Registers a container for one step of a build: what `request` says is all, nothing comes from the image but its files.
    ///
    /// `secrets` are variables, as `NAME=value`, that its process sees and no disk keeps.
    package func createForBuild(_ request: CreateRequest, secrets: [String]) async throws(EngineError) -> String {
        var request = request
        request.hostConfig.annotations = [Self.buildAnnotation: "1"]
        request.hostConfig.logConfig = LogConfig(type: "none")
        let image = try await services.rootfs.image(request.config.image)
        let id = try await register(request, image, name: nil).id
        if !secrets.isEmpty { try await services.registry.find(id).see(secrets) }
        return id
    }

    /// Removes a step's container, running or not.
    ///
    /// When the build was cancelled the removal goes on in the background, since the database heeds cancellation; what a daemon's end
    /// interrupts is removed at its next start.
    package func removeFromBuild(_ id: String) async {
        let removal = { @Sendable [self] () async in
            do throws(EngineError) { try await self.remove(id, force: true, volumes: true) } catch {
                services.logger.warning(
                    "build container not removed", metadata: ["container": "\(id)", "error": "\(error.message)"])
            }
        }
        guard Task.isCancelled else { return await removal() }
        services.background.start(removal)
    }

    /// The image that `name` leads to.
    package func storedImage(_ name: String) throws(EngineError) -> Image { try images.find(name) }

    /// Tells the followers of events about an image.
    package func announceImage(_ action: String, _ id: Digest, name: String?) {
        announce("image", action, id.description, name: name)
    }

    /// The numbers of `user[:group]` by a root filesystem's own files.
    package func owner(
        _ text: String, passwd: [UInt8], group: [UInt8]
    ) throws(EngineError) -> (user: UInt32, group: UInt32) {
        let user = try UserLookup(passwd: passwd, group: group).resolve(text).user
        let hasAccount = String(decoding: passwd, as: UTF8.self).split(separator: "\n").contains { line in
            line.split(separator: ":", omittingEmptySubsequences: false).dropFirst(2).first == Substring("\(user.uid)")
        }
        // A number that the files do not know is the group's number too.
        return (user.uid, text.contains(":") || hasAccount ? user.gid : user.uid)
    }
}
