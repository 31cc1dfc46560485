internal import CLinux
internal import JSON
internal import Lanes
internal import Logging
internal import LinuxKernel
internal import ShimProtocol

extension Container {
    /// What a shim says.
    func handle(_ event: ShimEvent, of run: Run) async {
        guard run === self.run else { return }
        switch event {
        case .started, .execStarted: break
        case .exited(nil, let exit):
            await exited(
                ContainerMachine.Exit(
                    code: Int(exit.code), oomKilled: exit.oomKilled, at: Timestamp(nanoseconds: exit.time)),
                of: run)
        case .exited(let exec?, let exit): execEnded(exec, code: Int(exit.code))
        case .oom: await tell(.oom)
        case .paused: await tell(.paused)
        case .resumed: await tell(.resumed)
        case .logFailed(_, let message):
            services.logger.error("log not written", metadata: ["container": "\(id)", "error": "\(message)"])
        case .deleted(let failure):
            if let failure {
                services.logger.warning("left behind", metadata: ["container": "\(id)", "error": "\(failure.message)"])
                try? await services.launcher.destroy(leftovers)
            }
            await tidy(run)
        }
    }

    /// An event that the machine may have heard of already.
    private func tell(_ event: ContainerMachine.Event) async {
        try? await feed(event)
    }

    func exited(_ exit: ContainerMachine.Exit, of run: Run) async {
        guard run.exited.made == nil else { return }
        for exec in execs.values where !exec.isOver { execEnded(exec.id, code: 137) }
        await detachNetworks()
        await releaseVolumes()
        run.exited.make(exit)
        await tell(.exited(exit))
    }

    /// Nothing is left of the run but its shim: lets that go, too.
    private func tidy(_ run: Run) async {
        _ = try? await run.link.request(.shutdown)
        run.link.close()
        reap(run)
        tidyDirectory()
        run.tidied.make(())
    }

    /// The shim ended without having said that the container is gone.
    ///
    /// If it left an exit code, that is the truth; else the container is killed: nobody owns its output any more.
    func shimIsGone(_ run: Run) async {
        guard run === self.run, run.tidied.made == nil else { return }
        let exit = Self.exitFile(in: run.directory)
        do throws(EngineError) {
            try await services.launcher.destroy(leftovers)
        } catch {
            services.logger.error(
                "container not killed", metadata: ["container": "\(id)", "error": "\(error.message)"])
        }
        if run.exited.made == nil {
            let reason = "the process beside the container (its shim) ended unexpectedly; the container was killed"
            if exit == nil { services.logger.error("shim died", metadata: ["container": "\(id)"]) }
            await exited(exit ?? ContainerMachine.Exit(code: 137, at: .now, reason: reason), of: run)
        }
        run.link.close()
        reap(run)
        tidyDirectory()
        run.tidied.make(())
    }

    /// A shim that did not leave our family is a zombie until somebody asks how it ended.
    private func reap(_ run: Run) {
        guard let shim = run.shim else { return }
        services.background.start {
            await Lanes.shared.run {
                var result = clinux_exit()
                _ = clinux_waitid(1, shim, &result, 4)
            }
        }
    }

    /// The exit that a shim wrote down.
    static func exitFile(in directory: String) -> ContainerMachine.Exit? {
        guard let bytes = try? WholeFile.read(directory + "/" + ShimProtocol.FileName.exit),
            let exit = try? ShimExit(parsing: bytes)
        else { return nil }
        return ContainerMachine.Exit(
            code: Int(exit.code), oomKilled: exit.oomKilled, at: Timestamp(nanoseconds: exit.time))
    }
}
