internal import Logging
internal import LinuxKernel

extension Container {
    /// Removes it with everything that is only its own; `volumes` also those without a name.
    ///
    /// - Throws: ``EngineError/conflict(_:)`` when it runs and `force` is not given.
    func remove(force: Bool, volumes: Bool) async throws(EngineError) {
        let effects = try await inTurn { () throws(EngineError) in
            do throws(EngineError) {
                let effects = try machine.handle(.remove(force: force), now: .now)
                publish()
                return effects
            } catch {
                guard case .conflict(let why) = error else { throw error }
                throw Self.refusal(why, record, id)
            }
        }
        if effects.contains(.kill), let run {
            try await end(run, signal: 9, grace: nil)
            // With auto-remove the exit has begun the removal already.
            if record.hostConfig.autoRemove {
                _ = await removal.value()
                return
            }
            try await remove(force: force, volumes: volumes)
            return
        }
        guard effects.contains(.tearDown) else { return }
        try await finishRemoval(volumes: volumes)
    }

    private static func refusal(_ why: String, _ record: ContainerRecord, _ id: String) -> EngineError {
        if why == "is already in progress" { return .conflict("removal of container \(id) is already in progress") }
        return .conflict("cannot remove container \"\(record.name)\": \(why)")
    }

    /// In phase `removing`: nothing of the container stays, in an order that a crash at any moment leaves repairable.
    ///
    /// The record goes last: what is left before it is found by it.
    func finishRemoval(volumes: Bool) async throws(EngineError) {
        do throws(EngineError) {
            // With its first process all are gone that could write there.
            let isDeserted =
                externalRuntime == nil && record.hostConfig.pidMode.isEmpty && rootfsOptions.userMap.isEmpty
            async let layerIsReleased = isDeserted ? releaseLayer() : nil
            await run?.tidied.value()
            run = nil
            closeWaitingAttachments()
            stopHealthchecks()
            for exec in execs.values { services.execs.remove(exec.id) }
            execs = [:]
            await detachNetworks()
            if let failure = await layerIsReleased { throw failure }
            if !isDeserted { try await services.rootfs.release(id) }
            try await leaveSpaces()
            if let error = Folders.remove(services.paths.container(id)) {
                throw .system(doing: "remove \(services.paths.container(id))", error)
            }
            try await services.networks.release(id, from: nil)
            try await services.database.deleteContainer(id, durable: !record.hostConfig.autoRemove)
        } catch {
            services.logger.error("removal failed", metadata: ["container": "\(id)", "error": "\(error.message)"])
            try await feed(.removalFailed(error.message))
            throw error
        }
        await services.registry.remove(id, name: record.name)
        if volumes { await removeAnonymousVolumes() }
        try await feed(.removed)
    }

    private func releaseLayer() async -> EngineError? {
        do throws(EngineError) {
            try await services.rootfs.release(id)
            return nil
        } catch {
            return error
        }
    }

    private func removeAnonymousVolumes() async {
        for mount in record.mounts where mount.kind == .volume && mount.anonymous {
            let isUsed = await services.registry.all.contains { other in
                other.id != id && other.seen.record.mounts.contains { $0.kind == .volume && $0.source == mount.source }
            }
            guard !isUsed else { continue }
            try? await services.volumes.remove(mount.source)
        }
    }

    func rename(to name: String) async throws(EngineError) {
        try await inTurn { () throws(EngineError) in
            let old = record.name
            guard name != old else {
                throw .invalid("Renaming a container with the same name as its current name")
            }
            _ = try await services.registry.reserve(name, for: id)
            var changed = record
            changed.name = name
            do throws(EngineError) {
                try await services.database.update(changed)
            } catch {
                await services.registry.release(name, of: id)
                throw error
            }
            record = changed
            publish()
            await services.networks.renamed(record)
            await services.registry.release(old, of: id)
            announce("rename", ["oldName": "/" + old])
        }
    }
}
