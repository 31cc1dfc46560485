internal import Glibc
internal import JSON
internal import LinuxKernel
internal import Logging

extension Container {
    private static let coder = JSONCoder(keys: .pascalCase)

    private func settingsFile(_ directory: String) -> String { directory + "/network.json" }

    /// Ends what the start began; inspect shows again what was asked for.
    ///
    /// Repeatable.
    func detachNetworks() async {
        await services.networks.detach(id)
        network = record.idleNetworkSettings
    }

    /// What a later pouchd cannot ask anybody: which ports were given.
    func writeNetworkSettings(_ directory: String) {
        guard !network.ports.isEmpty, let bytes = try? Self.coder.encode(network) else { return }
        try? WholeFile.replace(settingsFile(directory), with: bytes)
    }

    /// Takes the networks of a run over that an earlier pouchd began.
    func adoptNetworks(_ run: Run) async {
        let seen = (try? WholeFile.read(settingsFile(run.directory)))
            .flatMap { try? Self.coder.decode(NetworkSettings.self, from: $0) }
        network = record.idleNetworkSettings
        guard let process = machine.process else { return }
        do throws(EngineError) {
            network = try await services.networks.adopt(
                record, process: process.pid, seen: seen ?? NetworkSettings())
        } catch {
            services.logger.error(
                "network not taken over", metadata: ["container": "\(id)", "error": "\(error.message)"])
        }
    }

    // MARK: files

    /// /etc/hosts.
    func hostsText(_ hostname: String) async -> String {
        let host = record.hostConfig
        if host.networkMode == PredefinedNetworks.host {
            let own = (try? WholeFile.read("/etc/hosts")) ?? []
            return String(decoding: own, as: UTF8.self)
                + NetworkFiles.extraLines(host.extraHosts ?? []).map { $0 + "\n" }.joined()
        }
        let ends = record.networkNames.compactMap { network.networks[$0] }
        let addresses = ends.map(\.iPAddress) + ends.map(\.globalIPv6Address)
        let gateway = ends.map(\.gateway).first { !$0.isEmpty } ?? ""
        let extra = (host.extraHosts ?? []).map { text in
            text.hasSuffix(":host-gateway") ? text.dropLast("host-gateway".count) + gateway : text
        }
        return NetworkFiles.hosts(
            hostname: hostname, domain: record.config.domainname, addresses: addresses.filter { !$0.isEmpty },
            links: await linkedContainers().map(\.hostsLine), extra: extra.map { String($0) })
    }

    /// `--link` on the default bridge: those that run, as of now.
    func linkedContainers() async -> [LinkedContainer] {
        var linked: [LinkedContainer] = []
        for text in record.hostConfig.links ?? [] {
            let (name, alias) = LinkedContainer.halves(of: text)
            guard let other = try? await services.registry.find(name) else { continue }
            let view = other.seen
            let address = record.networkNames.compactMap { view.network.networks[$0]?.iPAddress }.first { !$0.isEmpty }
            guard let address else { continue }
            let config = view.record.config
            linked.append(
                LinkedContainer(
                    alias: alias.isEmpty ? view.record.name : alias, names: [config.hostname, view.record.name],
                    address: address, parent: record.name, ports: (config.exposedPorts ?? [:]).keys.sorted(),
                    environment: config.env ?? []))
        }
        return linked
    }

    /// What links add to the environment: nothing on networks that have names.
    func linkVariables() async -> [String] {
        guard record.hostConfig.networkMode == MachineNetworks.bridge else { return [] }
        return await linkedContainers().flatMap(\.variables)
    }

    /// Forgets what this container calls another.
    func removeLink(_ alias: String) async throws(EngineError) {
        try await inTurn { () throws(EngineError) in
            var changed = record
            changed.hostConfig.links?.removeAll { LinkedContainer.halves(of: $0).alias == alias }
            guard changed.hostConfig.links != record.hostConfig.links else {
                throw .notFound("container \(record.name) has no link \(alias)")
            }
            try await services.database.update(changed)
            record = changed
            publish()
        }
    }

    /// /etc/resolv.conf.
    func resolvText() -> String {
        let host = record.hostConfig
        let configuration = services.configuration
        let own = (try? WholeFile.read("/etc/resolv.conf")) ?? []
        var text = String(decoding: own, as: UTF8.self)
        let hasOwnLoopback = host.networkMode != PredefinedNetworks.host
        if hasOwnLoopback { text = NetworkFiles.reachable(text) }
        if record.findsNames {
            let options = host.dnsOptions ?? configuration.dnsOptions
            let hasDots = options.contains { $0.hasPrefix("ndots:") }
            return NetworkFiles.resolvConf(
                host: text, servers: ["127.0.0.11"], search: host.dnsSearch ?? configuration.dnsSearch,
                options: hasDots ? options : options + ["ndots:0"])
        }
        return NetworkFiles.resolvConf(
            host: text, servers: host.dns ?? configuration.dns, search: host.dnsSearch ?? configuration.dnsSearch,
            options: host.dnsOptions ?? configuration.dnsOptions)
    }

    // MARK: changes

    /// Joins one more network, at once if it runs.
    func connect(to name: String, _ settings: EndpointSettings) async throws(EngineError) {
        try await inTurn { () throws(EngineError) in
            let mode = record.hostConfig.networkMode
            guard Self.container(in: mode) == nil, mode != PredefinedNetworks.host else {
                throw .forbidden(
                    "container sharing network namespace with another container or host cannot be connected to any other network"
                )
            }
            guard PredefinedNetworks.ids[name] == nil else {
                throw .forbidden("container cannot be connected to network \(name)")
            }
            guard !record.networkNames.contains(name) else {
                throw .forbidden("endpoint with name \(record.name) already exists in network \(name)")
            }
            var changed = record
            changed.networkingConfig.endpointsConfig[name] = Nullable(wrappedValue: settings)
            if mode == PredefinedNetworks.none { changed.hostConfig.networkMode = name }
            let process = run?.exited.made == nil ? machine.process : nil
            var shown = changed.idleNetworkSettings
            if let process {
                shown = try await services.networks.connect(changed, process: process.pid, to: name)
            } else {
                try await services.networks.reserve(changed)
            }
            try await keep(changed, shown)
            announceNetwork("connect", name)
        }
    }

    /// Leaves a network, at once if it runs.
    func disconnect(from name: String) async throws(EngineError) {
        try await inTurn { () throws(EngineError) in
            guard record.networkNames.contains(name), name != PredefinedNetworks.none else {
                throw .forbidden("container \(id) is not connected to network \(name)")
            }
            guard name != PredefinedNetworks.host else {
                throw .forbidden("container cannot be disconnected from host network")
            }
            let process = run?.exited.made == nil ? machine.process : nil
            var changed = record
            changed.networkingConfig.endpointsConfig[name] = nil
            if changed.hostConfig.networkMode == name {
                changed.hostConfig.networkMode =
                    changed.networkingConfig.endpointsConfig.keys.sorted().first ?? PredefinedNetworks.none
            }
            var shown = changed.idleNetworkSettings
            if let process {
                shown = try await services.networks.disconnect(changed, process: process.pid, from: name)
            } else {
                let network = try await services.networks.find(name)
                try await services.networks.release(id, from: network.id)
            }
            try await keep(changed, shown)
            announceNetwork("disconnect", name)
        }
    }

    private func keep(_ changed: ContainerRecord, _ shown: NetworkSettings) async throws(EngineError) {
        let findsNames = record.findsNames
        try await services.database.update(changed)
        record = changed
        network = shown
        if let run { writeNetworkSettings(run.directory) }
        publish()
        rewriteResolvConf(from: findsNames)
    }

    /// A running container that joins its first network with names gets the server that knows them.
    private func rewriteResolvConf(from found: Bool) {
        guard found != record.findsNames, machine.process != nil, record.config.disableNetworkFiles != true else {
            return
        }
        do throws(SyscallError) {
            // The same file stays: the container sees it through a mount.
            try Descriptor.open(networkFiles(of: id).resolvConf, O_WRONLY | O_TRUNC).writeAll(Array(resolvText().utf8))
        } catch {
            services.logger.warning("resolv.conf not written", metadata: ["container": "\(id)", "error": "\(error)"])
        }
    }

    private nonisolated func announceNetwork(_ action: String, _ name: String) {
        services.events.post(
            Event(
                type: "network", action: action, actor: name, attributes: ["container": id, "name": name], time: .now))
    }
}
