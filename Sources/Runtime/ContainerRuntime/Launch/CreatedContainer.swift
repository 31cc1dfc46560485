package import LinuxKernel

/// A process that was just launched; its descriptors close with the value.
package struct LaunchedProcess: ~Copyable {
    package let pid: Int32
    package let pidfd: Descriptor
    /// The other end of the program's terminal.
    package var terminal: Descriptor?

    package init(pid: Int32, pidfd: consuming Descriptor, terminal: consuming Descriptor?) {
        self.pid = pid
        self.pidfd = pidfd
        self.terminal = terminal
    }

    /// Takes the descriptors apart, for an owner that keeps them by itself.
    package consuming func release() -> (pid: Int32, pidfd: Int32, terminal: Int32?) {
        let pid = pid
        let terminalNumber: Int32? =
            switch consume terminal {
            case .some(let descriptor): descriptor.release()
            case .none: nil
            }
        return (pid, pidfd.release(), terminalNumber)
    }
}

/// A container that was just created, and with ``PlanOptions/Gate/none`` runs.
package struct CreatedContainer: ~Copyable {
    package var process: LaunchedProcess
    package let state: ContainerState
    /// Where the program tells of its readiness, when somebody wants to know.
    var notifications: NotifySocket?

    package init(process: consuming LaunchedProcess, state: ContainerState) {
        self.process = process
        self.state = state
    }

    package consuming func release() -> LaunchedProcess { process }
}
