internal import AsyncHTTPClient
internal import ClusterModel
internal import Engine
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Units

/// Runs what a pod wants done in or to its containers: probes and lifecycle hooks.
struct PodHooks: Sendable {
    /// Of what is shown of an answer.
    private static let longestAnswer = 1024

    let context: NodeContext

    init(_ context: NodeContext) { self.context = context }

    /// Does what `action` says: exec, httpGet, tcpSocket or sleep; nil when it went well, else why not.
    func run(
        _ action: Field, container: ContainerObject?, id: String, address: String?, limit: Duration
    ) async -> String? {
        let work: @Sendable () async -> String? = {
            if action["exec"].isPresent { return await execute(action["exec"]["command"].list, in: id) }
            if action["sleep"].isPresent {
                try? await Task.sleep(for: .seconds(action["sleep"]["seconds"].number ?? 0))
                return nil
            }
            let get = action["httpGet"]
            let target = get.isPresent ? get : action["tcpSocket"]
            guard target.isPresent else { return "it names nothing that can be done" }
            let host = target["host"].text ?? address ?? context.settings.address
            guard let port = container?.port(target["port"]) else {
                return "\(target["port"].path): the container has no such port"
            }
            return get.isPresent ? await fetch(get, host, port, limit) : await connect(host, port, limit)
        }
        return await withTaskGroup(of: String?.self) { group in
            group.addTask { await work() }
            group.addTask {
                guard (try? await Task.sleep(for: limit)) != nil else { return nil }
                return "no answer within \(limit.components.seconds) seconds"
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func execute(_ command: [String], in id: String) async -> String? {
        var config = ExecConfig()
        config.cmd = WordList(command)
        (config.attachStdout, config.attachStderr) = (true, true)
        do {
            let exec = try await context.engine.createExec(id, config)
            var output: [UInt8] = []
            if let session = try await context.engine.startExec(exec, ExecStartConfig()) {
                for try await frame in session.output where output.count < Self.longestAnswer {
                    output += frame.bytes.readableBytesView
                }
                await session.close()
            }
            let code = try await context.engine.inspectExec(exec).exitCode ?? 0
            guard code != 0 else { return nil }
            let text = String(decoding: output.prefix(Self.longestAnswer), as: UTF8.self)
            return "command exited with \(code)\(text.isEmpty ? "" : ": \(text)")"
        } catch let error as EngineError {
            return error.message
        } catch {
            return "\(error)"
        }
    }

    private func fetch(_ get: Field, _ host: String, _ port: Int, _ limit: Duration) async -> String? {
        let scheme = (get["scheme"].text ?? "HTTP").lowercased()
        let path = get["path"].text ?? "/"
        let authority = host.contains(":") ? "[\(host)]" : host
        var request = HTTPClientRequest(url: "\(scheme)://\(authority):\(port)\(path.hasPrefix("/") ? "" : "/")\(path)")
        request.headers.add(name: "User-Agent", value: "pouch-probe")
        for header in get["httpHeaders"].elements {
            guard let name = header["name"].text else { continue }
            request.headers.replaceOrAdd(name: name, value: header["value"].text ?? "")
        }
        do {
            let response = try await ProbeClient.shared.execute(request, timeout: TimeAmount(limit))
            guard !(200..<400).contains(Int(response.status.code)) else { return nil }
            return "HTTP probe failed with statuscode: \(response.status.code)"
        } catch {
            return "Get \"\(request.url)\": \(error)"
        }
    }

    private func connect(_ host: String, _ port: Int, _ limit: Duration) async -> String? {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(limit)).connect(host: host, port: port).get()
            try await channel.close()
            return nil
        } catch {
            return "dial tcp \(host):\(port): \(error)"
        }
    }
}

/// The client of all HTTP probes: no connection is kept, no certificate is asked for, redirects are answers.
enum ProbeClient {
    static let shared: HTTPClient = {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow, decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .milliseconds(1)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }()
}

extension PodRunner {
    struct ProbeResult: Sendable {
        var succeeded: Bool
        var message: String
    }

    func probe(
        _ pod: PodObject, container name: String, id: String, _ kind: ProbeKind, address: String?
    ) async -> ProbeResult {
        guard let object = (pod.containers + pod.initContainers).first(where: { $0.name == name }),
            let probe = object.probe(kind)
        else { return ProbeResult(succeeded: true, message: "") }
        let why = await PodHooks(context).run(
            probe.field, container: object, id: id, address: address, limit: .seconds(probe.timeout))
        return ProbeResult(succeeded: why == nil, message: why ?? "")
    }

    /// The hook after a start; a container whose hook fails is killed.
    func afterStart(_ pod: PodObject, container name: String, id: String, address: String?) async {
        guard let object = (pod.containers + pod.initContainers).first(where: { $0.name == name }) else { return }
        let hook = object.lifecycle["postStart"]
        guard hook.isPresent,
            let why = await PodHooks(context).run(
                hook, container: object, id: id, address: address, limit: .seconds(3600))
        else { return }
        let record = EventRecord(
            pod: pod.key, uid: pod.uid, severity: .warning, reason: "FailedPostStartHook", message: why)
        await context.recorder.record(record, at: .now)
        try? await context.engine.stop(id, timeout: pod.terminationGracePeriod)
    }
}
