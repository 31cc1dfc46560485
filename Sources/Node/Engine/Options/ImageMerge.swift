/// How what an image says and what a client says become one configuration.
enum ImageMerge {
    /// - Throws: ``EngineError/invalid(_:)`` when neither says what to run.
    static func merge(_ asked: ContainerConfig, image: ContainerConfig) throws(EngineError) -> ContainerConfig {
        var config = asked
        if config.user.isEmpty { config.user = image.user }
        if let ports = image.exposedPorts {
            config.exposedPorts = ports.merging(config.exposedPorts ?? [:]) { _, own in own }
        }
        let inherited = (image.env ?? []).filter { variable in
            let name = variable.prefix { $0 != "=" }
            return !(asked.env ?? []).contains { $0.prefix { $0 != "=" } == name }
        }
        let all = (asked.env ?? []) + inherited
        config.env = all
        config.labels = image.labels.merging(asked.labels) { _, own in own }
        if (config.entrypoint?.words ?? []).isEmpty {
            if (config.cmd?.words ?? []).isEmpty {
                config.cmd = image.cmd
                if config.argsEscaped == nil { config.argsEscaped = image.argsEscaped }
            }
            if config.entrypoint == nil { config.entrypoint = image.entrypoint }
        } else if config.entrypoint?.words == [""] {
            config.entrypoint = nil
        }
        mergeHealthcheck(&config, image.healthcheck)
        if config.workingDir.isEmpty { config.workingDir = image.workingDir }
        if let volumes = image.volumes {
            config.volumes = volumes.merging(config.volumes ?? [:]) { _, own in own }
        }
        if (config.stopSignal ?? "").isEmpty { config.stopSignal = image.stopSignal }
        if config.shell == nil { config.shell = image.shell }
        guard !((config.entrypoint?.words ?? []) + (config.cmd?.words ?? [])).isEmpty else {
            throw .invalid("no command specified")
        }
        return config
    }

    private static func mergeHealthcheck(_ config: inout ContainerConfig, _ image: HealthcheckConfig?) {
        guard let image else { return }
        guard var own = config.healthcheck else {
            config.healthcheck = image
            return
        }
        if (own.test ?? []).isEmpty { own.test = image.test }
        if own.interval ?? 0 == 0 { own.interval = image.interval }
        if own.timeout ?? 0 == 0 { own.timeout = image.timeout }
        if own.startPeriod ?? 0 == 0 { own.startPeriod = image.startPeriod }
        if own.startInterval ?? 0 == 0 { own.startInterval = image.startInterval }
        if own.retries ?? 0 == 0 { own.retries = image.retries }
        config.healthcheck = own
    }
}
