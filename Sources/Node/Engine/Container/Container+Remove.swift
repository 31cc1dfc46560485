internal import Logging
internal import LinuxKernel

extension Container {
    /// Removes it with everything that is only its own; `volumes` also those without a name.
    ///
    /// - Throws: ``EngineError/conflict(_:)`` when it runs and `force` is not given.
    func remove(force: Bool, volumes: Bool) async throws(EngineError) {
        guard try await beginRemoval(force: force, volumes: volumes) else { return }
        try await finishRemoval(volumes: volumes)
    }

    /// What `--rm` asks for once the container has ended by itself.
    func removeEnded() async throws(EngineError) {
        guard try await beginRemoval(force: true, volumes: true) else { return }
        // Who limits space has it back before anybody hears.
        if isDeserted, record.spaces == nil {
            try await finishRemovalInTwo()
        } else {
            try await finishRemoval(volumes: true)
        }
    }

    /// Phase `removing`, for who has to finish it; false when another does or the container was killed and removed.
    private func beginRemoval(force: Bool, volumes: Bool) async throws(EngineError) -> Bool {
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
                return false
            }
            try await remove(force: force, volumes: volumes)
            return false
        }
        return effects.contains(.tearDown)
    }

    private static func refusal(_ why: String, _ record: ContainerRecord, _ id: String) -> EngineError {
        if why == "is already in progress" { return .conflict("removal of container \(id) is already in progress") }
        return .conflict("cannot remove container \"\(record.name)\": \(why)")
    }

    /// Who waits hears as soon as all that somebody could want again is free: the layer, addresses, anonymous volumes.
    ///
    /// The layer's files, what the shim tidies meanwhile and the record, by which a later pouchd would find what is left, go
    /// after that; only a container of the same name waits for them.
    private func finishRemovalInTwo() async throws(EngineError) {
        try await removing { () throws(EngineError) in
            try await services.rootfs.putAside(id)
            try await letGo()
        }
        await services.registry.retire(id)
        await removeAnonymousVolumes()
        try await feed(.removed)
        async let layerIsGone = releaseLayer()
        if let run {
            // A daemon that ends leaves the rest to the next.
            guard await run.tidied.value() != nil else { return }
            self.run = nil
        }
        do throws(EngineError) {
            if let failure = await layerIsGone { throw failure }
            try await forget()
            await services.registry.remove(id, name: record.name)
        } catch {
            // It is seen again, with the reason, and can be removed again.
            services.logger.error("left behind", metadata: ["container": "\(id)", "error": "\(error.message)"])
            await services.registry.bringBack(self)
            try await feed(.removalFailed(error.message))
        }
    }

    /// With its first process all are gone that could write to the layer.
    private var isDeserted: Bool {
        externalRuntime == nil && record.hostConfig.pidMode.isEmpty && rootfsOptions.userMap.isEmpty
    }

    /// In phase `removing`: nothing of the container stays, in an order that a crash at any moment leaves repairable.
    ///
    /// The record goes last: what is left before it is found by it.
    func finishRemoval(volumes: Bool) async throws(EngineError) {
        try await removing { () throws(EngineError) in
            let isDeserted = isDeserted
            async let layerIsReleased = isDeserted ? releaseLayer() : nil
            await run?.tidied.value()
            run = nil
            if let failure = await layerIsReleased { throw failure }
            if !isDeserted { try await services.rootfs.release(id) }
            try await letGo()
            try await forget()
        }
        await services.registry.remove(id, name: record.name)
        if volumes { await removeAnonymousVolumes() }
        try await feed(.removed)
    }

    /// A failure of `body` is told to who asks for the container's state.
    private func removing(_ body: () async throws(EngineError) -> Void) async throws(EngineError) {
        closeWaitingAttachments()
        stopHealthchecks()
        for exec in execs.values { services.execs.remove(exec.id) }
        execs = [:]
        await detachNetworks()
        do throws(EngineError) {
            try await body()
        } catch {
            services.logger.error("removal failed", metadata: ["container": "\(id)", "error": "\(error.message)"])
            try await feed(.removalFailed(error.message))
            throw error
        }
    }

    /// What others can have then.
    private func letGo() async throws(EngineError) {
        try await leaveSpaces()
        try await services.networks.release(id, from: nil)
    }

    private func forget() async throws(EngineError) {
        if let error = Folders.remove(services.paths.container(id)) {
            throw .system(doing: "remove \(services.paths.container(id))", error)
        }
        try await services.database.deleteContainer(id, durable: !record.hostConfig.autoRemove)
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
