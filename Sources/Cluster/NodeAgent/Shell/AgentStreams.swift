internal import ClusterModel
package import Engine
internal import LinuxKernel
package import NIOCore
package import NodeStreams
internal import Units

/// Logs of this node's pods, and commands in them, for those who ask through the server.
package struct AgentStreams: PodStreams {
    private let agent: NodeAgent
    private let engine: Engine

    package init(_ agent: NodeAgent, _ engine: Engine) {
        self.agent = agent
        self.engine = engine
    }

    private func find(_ container: PodContainer) async throws(PodStreamError) -> String {
        let id = await agent.containerID(
            namespace: container.namespace, pod: container.pod, container: container.container)
        guard let id else {
            throw .notFound(
                "container \(container.container) of pod \(container.pod) is not here, or has not started yet")
        }
        return id
    }

    package func check(_ container: PodContainer) async throws(PodStreamError) {
        if container.container.isEmpty {
            _ = try await sandbox(container)
            return
        }
        let id = try await find(container)
        do throws(EngineError) {
            guard try await engine.inspect(id).state.running else {
                throw EngineError.conflict("container \(container.container) of pod \(container.pod) is not running")
            }
        } catch {
            throw .notRunning(error.message)
        }
    }

    /// The process that holds the pod's namespaces.
    private func sandbox(_ pod: PodContainer) async throws(PodStreamError) -> Int32 {
        guard let id = await agent.sandboxID(namespace: pod.namespace, pod: pod.pod) else {
            throw .notRunning("pod \(pod.pod) does not run here")
        }
        guard let process = try? await engine.inspect(id).state.pid, process > 0 else {
            throw .notRunning("pod \(pod.pod): its sandbox does not run")
        }
        return Int32(process)
    }

    // MARK: ports

    package func forward(
        _ client: any PortStream, to port: Int, in pod: PodContainer
    ) async throws(PodStreamError) {
        let process = try await sandbox(pod)
        let socket: PodSocket
        do throws(SyscallError) { socket = try await PodSocket.connect(port: port, inNetworkOf: process) } catch {
            throw .failed("connect to port \(port) of pod \(pod.pod): \(error)")
        }
        do { try await socket.relay(client) } catch {
            throw .failed("port \(port) of pod \(pod.pod): \(error)")
        }
    }

    // MARK: logs

    package func logs(
        of container: PodContainer, _ wanted: NodeStreams.LogOptions
    ) async throws(PodStreamError) -> AsyncThrowingStream<ByteBuffer, any Error> {
        var id = try await find(container)
        if wanted.previous { id = try await before(id, container) }
        var options = EngineLogOptions()
        (options.stdout, options.stderr) = (true, true)
        options.follow = wanted.follow
        options.timestamps = wanted.timestamps
        options.tail = wanted.tailLines
        if let seconds = wanted.sinceSeconds {
            options.since = EngineTimestamp(
                nanoseconds: Units.Timestamp.now.advanced(by: .seconds(-seconds)).nanoseconds)
        } else if let text = wanted.sinceTime {
            guard let time = try? Units.Timestamp(rfc3339: text) else {
                throw .invalid("sinceTime: \(text) is no time as RFC 3339 writes it")
            }
            options.since = EngineTimestamp(nanoseconds: time.nanoseconds)
        }
        let output: OutputStream
        do throws(EngineError) { output = try await engine.logs(id, options).output } catch {
            throw .failed(error.message)
        }
        let reader = LogPieces(output, limit: wanted.limitBytes)
        return AsyncThrowingStream { try await reader.next() }
    }

    /// The run before the one that is called `id`.
    private func before(_ id: String, _ container: PodContainer) async throws(PodStreamError) -> String {
        do throws(EngineError) {
            let labels = try await engine.inspect(id).config.labels
            let attempt = (Int(labels[PodLabels.attempt] ?? "") ?? 0) - 1
            var options = ListOptions()
            options.all = true
            options.filters = Filters([
                "label": [
                    "\(PodLabels.uid)=\(labels[PodLabels.uid] ?? "")",
                    "\(PodLabels.container)=\(labels[PodLabels.container] ?? "")", "\(PodLabels.attempt)=\(attempt)",
                ]
            ])
            if let found = try await engine.list(options).first { return found.id }
        } catch {
            throw .failed(error.message)
        }
        throw .invalid("previous terminated container \"\(container.container)\" in pod \"\(container.pod)\" not found")
    }

    // MARK: commands

    package func run(
        _ command: RemoteCommand, in container: PodContainer, _ terminal: any RemoteTerminal
    ) async throws -> Int {
        let id = try await find(container)
        guard let words = command.command else {
            var options = AttachOptions()
            (options.stdin, options.stdout, options.stderr) = (command.stdin, command.stdout, command.stderr)
            let session = try await engine.attach(id, options)
            let waiting = try await engine.wait(id, .notRunning)
            try await relay(session, terminal) { rows, columns in
                try? await engine.resize(id, rows: rows, columns: columns)
            }
            return Int(await waiting.result().statusCode)
        }
        var config = ExecConfig()
        config.cmd = WordList(words)
        config.tty = command.tty
        (config.attachStdin, config.attachStdout, config.attachStderr) = (command.stdin, command.stdout, command.stderr)
        let exec = try await engine.createExec(id, config)
        var start = ExecStartConfig()
        start.tty = command.tty
        if let session = try await engine.startExec(exec, start) {
            try await relay(session, terminal) { rows, columns in
                try? await engine.resizeExec(exec, rows: rows, columns: columns)
            }
        }
        return try await engine.inspectExec(exec).exitCode ?? 0
    }

    /// Copies both ways until the program's output ends or the client leaves.
    private func relay(
        _ session: any AttachSession, _ terminal: any RemoteTerminal,
        resize: @escaping @Sendable (Int, Int) async -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for try await frame in session.output {
                    if frame.stream == .stderr {
                        try await terminal.writeErrors(frame.bytes)
                    } else {
                        try await terminal.writeOutput(frame.bytes)
                    }
                }
                return true
            }
            group.addTask {
                while let input = try await terminal.read() {
                    switch input {
                    case .bytes(let bytes): try await session.write(bytes)
                    case .end: await session.closeInput()
                    case .resize(let columns, let rows): await resize(rows, columns)
                    }
                }
                return false
            }
            defer { group.cancelAll() }
            // Either the output has ended, or the client has gone: then nobody reads what else there is.
            _ = try await group.next()
            await session.close()
        }
    }
}

/// A log's pieces, at most so many bytes of them.
private actor LogPieces {
    private var iterator: OutputStream.Iterator
    private var left: Int

    init(_ output: OutputStream, limit: Int?) {
        iterator = output.makeAsyncIterator()
        left = limit ?? .max
    }

    func next() async throws -> ByteBuffer? {
        guard left > 0 else { return nil }
        var iterator = iterator
        guard var bytes = try await iterator.next()?.bytes else { return nil }
        if bytes.readableBytes > left { bytes = bytes.getSlice(at: bytes.readerIndex, length: left) ?? ByteBuffer() }
        left -= bytes.readableBytes
        return bytes
    }
}
