internal import JSON

/// The container's name, its health, its log and what happens when it ends.
struct LifeFlags {
    var name: String?
    var removes = false
    var cidfile: String?
    var logDriver: String?
    var logOptions: [String] = []
    var healthCommand: String?
    var healthInterval: Int64?
    var healthTimeout: Int64?
    var healthStartPeriod: Int64?
    var healthStartInterval: Int64?
    var healthRetries: Int64?
    var disablesHealth = false
    var annotations: [String] = []
    var platform: String?
    var pull = "missing"
    var isQuiet = false

    static var flags: [Flag<LifeFlags>] {
        [
            .text("name", "Assign a name to the container", \.name),
            .toggle(
                "rm", "Automatically remove the container and its associated anonymous volumes when it exits", \.removes
            ),
            .text("cidfile", "Write the container ID to the file", \.cidfile).completing(.files),
            .text("log-driver", "Logging driver for the container", \.logDriver),
            .list("log-opt", "Log driver options", \.logOptions),
            .text("health-cmd", "Command to run to check health", \.healthCommand),
            .duration("health-interval", "Time between running the check (ms|s|m|h)", \.healthInterval),
            .duration("health-timeout", "Maximum time to allow one check to run (ms|s|m|h)", \.healthTimeout),
            .duration(
                "health-start-period",
                "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)",
                \.healthStartPeriod),
            .duration(
                "health-start-interval", "Time between running the check during the start period (ms|s|m|h)",
                \.healthStartInterval),
            .number("health-retries", "Consecutive failures needed to report unhealthy", \.healthRetries),
            .toggle("no-healthcheck", "Disable any container-specified HEALTHCHECK", \.disablesHealth),
            .list(
                "annotation", "Add an annotation to the container (passed through to the OCI runtime)", as: "map",
                \.annotations),
            .text("platform", "Set platform if server is multi-platform capable", \.platform),
            Flag(
                long: "pull", placeholder: "string",
                help: "Pull image before running (\"always\", \"missing\", \"never\")"
            ) {
                (flags, text) throws(FlagError) in
                guard text == "always" || text == "missing" || text == "never" else {
                    throw FlagError(reason: "must be one of \"always\", \"missing\" or \"never\"")
                }
                flags.pull = text
            }.completing(.choices(["always", "missing", "never"])),
            .toggle("quiet", short: "q", "Suppress the pull output", \.isQuiet),
            .ignored("disable-content-trust", nil, "Skip image verification"),
            .refused("gpus", "gpu-request", "GPU devices to add to the container", because: "GPUs are not supported"),
            .refused(
                "use-api-socket", nil, "Bind mount the API socket", because: "not supported; mount the socket with -v"),
            .refused("cpu-count", "int", "CPU count (Windows only)", because: "for Windows only"),
            .refused("cpu-percent", "int", "CPU percent (Windows only)", because: "for Windows only"),
            .refused("io-maxbandwidth", "bytes", "Maximum IO bandwidth (Windows only)", because: "for Windows only"),
            .refused("io-maxiops", "uint", "Maximum IOps limit (Windows only)", because: "for Windows only"),
        ]
    }

    func fill(_ body: inout CreateBody) throws(Failure) {
        body.host.set("AutoRemove", removes)
        body.host.set("ContainerIDFile", cidfile)
        if logDriver != nil || !logOptions.isEmpty {
            if logDriver == "none", !logOptions.isEmpty {
                throw .message("invalid logging opts for driver none", code: 125)
            }
            body.host["LogConfig"] = ["Type": .string(logDriver ?? ""), "Config": .object(pairs(logOptions))]
        }
        body.host.set("Annotations", pairs(annotations))
        try fillHealth(&body.config)
    }

    private func fillHealth(_ config: inout JSONObject) throws(Failure) {
        var check: JSONObject = [:]
        if let healthCommand { check["Test"] = ["CMD-SHELL", .string(healthCommand)] }
        let spans = [
            ("Interval", "health-interval", healthInterval), ("Timeout", "health-timeout", healthTimeout),
            ("StartPeriod", "health-start-period", healthStartPeriod),
            ("StartInterval", "health-start-interval", healthStartInterval),
        ]
        for (key, flag, span) in spans {
            if let span, span < 0 { throw .message("--\(flag) cannot be negative", code: 125) }
            check.set(key, span)
        }
        if let healthRetries, healthRetries < 0 { throw .message("--health-retries cannot be negative", code: 125) }
        check.set("Retries", healthRetries)
        if disablesHealth {
            guard check.isEmpty else {
                throw .message("--no-healthcheck conflicts with --health-* options", code: 125)
            }
            check["Test"] = ["NONE"]
        }
        config.set("Healthcheck", check)
    }
}
