package import RuntimeSpec

/// A further process for a container that runs.
package struct ExecPlan: Equatable, Sendable {
    package var process: ProcessPlan
    /// The container's seccomp filter applies to it as well.
    package var seccomp: RuntimeSpec.Seccomp?
    /// The groups below the container's.
    package var subgroups = Subgroups()
    /// Report each step while it is done.
    package var tellsSteps = false
    /// Start it although the container is paused: it will freeze with it.
    package var ignoresPause: Bool

    /// Compiles the process for a container made from `config`.
    ///
    /// What `process` leaves open in capabilities, labels and the like is not filled in here: callers that offer
    /// defaults (``ExecPlan/process(of:arguments:)``) copy them from the container's own.
    ///
    /// - Throws: ``PlanError``.
    package init(
        _ process: RuntimeSpec.Process, in config: RuntimeSpec, id: String, options: PlanOptions
    ) throws(PlanError) {
        self.process = try ProcessPlan(
            process, path: "process", options: options, containerID: id, personality: config.linux?.personality)
        // Others than the container's first process share its session keyring only if they join one of that name.
        seccomp = config.linux?.seccomp
        ignoresPause = false
    }

    /// The container's own process with other arguments, as `exec` without a file starts from.
    package static func process(of config: RuntimeSpec, arguments: [String]) -> RuntimeSpec.Process {
        var process = config.process ?? RuntimeSpec.Process(cwd: "/")
        process.args = arguments
        process.terminal = false
        process.consoleSize = nil
        // Like crun: this one belongs to a program, and the new one says for itself.
        process.noNewPrivileges = nil
        return process
    }
}
