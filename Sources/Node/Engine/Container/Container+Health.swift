internal import Logging
internal import NIOCore
internal import ShimProtocol

extension Container {
    private static let longestOutput = 4096

    /// Probes this run until it ends.
    func startHealthchecks() {
        healthGeneration += 1
        guard let plan = HealthMachine.Plan(record.config.healthcheck, shell: record.config.shell?.words) else {
            health = nil
            return
        }
        health = HealthMachine(plan, startedAt: .now)
        publish()
        let generation = healthGeneration
        services.background.start { [weak self] in
            while let wait = await self?.nextProbe(generation) {
                guard (try? await Task.sleep(for: wait)) != nil else { return }
                await self?.probe(generation)
            }
        }
    }

    func stopHealthchecks() { healthGeneration += 1 }

    private func nextProbe(_ generation: Int) -> Duration? {
        generation == healthGeneration ? health?.waitBeforeProbe(now: .now) : nil
    }

    private func probe(_ generation: Int) async {
        guard generation == healthGeneration, case .running = machine.phase, let plan = health?.plan, let run else {
            return
        }
        var config = ExecConfig()
        config.cmd = WordList(plan.command)
        config.attachStdout = true
        config.attachStderr = true
        var exec = Exec(id: RandomID.make(), config: config)
        exec.isProbe = true
        execs[exec.id] = exec
        let start = Timestamp.now
        var result = await probeResult(exec, run, plan)
        execs[exec.id] = nil
        result.start = start
        result.end = .now
        guard generation == healthGeneration else { return }
        let changed = health?.record(result)
        publish()
        if let changed { announce("health_status: " + changed.rawValue) }
    }

    private func probeResult(_ exec: Exec, _ run: Run, _ plan: HealthMachine.Plan) async -> HealthResult {
        var result = HealthResult()
        do throws(EngineError) {
            let process = try execProcess(exec.config, consoleSize: nil)
            let streams = StreamSelection(stdin: false, stdout: true, stderr: true)
            let (stream, _) = try await ShimStream.connect(
                run.directory, .exec(id: exec.id, process: process, streams: streams))
            defer { stream.close() }
            let end = await Self.collect(stream, within: plan.timeout)
            result.output = end.output
            if let code = end.code {
                result.exitCode = code
            } else {
                _ = try? await run.link.request(.kill(signal: 9, target: .exec(exec.id)))
                result.exitCode = -1
                result.output = "Health check exceeded timeout (\(plan.timeout))"
            }
        } catch {
            result.exitCode = -1
            result.output = error.message
        }
        return result
    }

    /// Reads a probe's output to its end; the code is nil when that does not come in time.
    private static func collect(_ stream: ShimStream, within limit: Duration) async -> (code: Int?, output: String) {
        await withTaskGroup(of: (code: Int?, output: String).self) { group in
            group.addTask {
                var bytes: [UInt8] = []
                while let frame = await stream.output.next() {
                    if bytes.count < longestOutput {
                        bytes += frame.bytes.readableBytesView.prefix(longestOutput - bytes.count)
                    }
                }
                let status = await stream.exitStatus()
                return (status.map { Int($0.code) } ?? -1, String(decoding: bytes, as: UTF8.self))
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return (nil, "")
            }
            let first = await group.next() ?? (nil, "")
            group.cancelAll()
            return first
        }
    }
}
