internal import Engine
internal import Hummingbird
internal import ImageBuild
internal import JSON
internal import Lanes
internal import NIOCore
internal import Units

/// `/build`: the classic builder, whose context comes with the request and whose answer tells of each step.
struct BuildRoutes: Sendable {
    let builder: ImageBuilder

    func add(to router: Router<EngineContext>) {
        router.post("/build", use: build)
        router.post("/build/prune", use: prune)
        router.post("/build/cancel") { _, _ in Answer.empty() }
    }

    /// What is wrong before the first step is an error of the request; afterwards it is told in the stream.
    @Sendable func build(_ request: Request, _ context: EngineContext) async throws -> Response {
        let query = request.query
        var options = try BuildOptions(query)
        if let text = request.headers[.buildSecrets] { options.secrets = try BuildOptions.secrets(text) }
        let files: BuildContext
        let build: Build
        do throws(BuildError) {
            files = try await builder.receive(request.body)
            do throws(BuildError) { build = try await builder.plan(files, options) } catch {
                await files.remove()
                throw error
            }
        } catch {
            throw EngineError(error)
        }
        let isQuiet = query.flag("q")
        return Answer.stream("application/json") { writer in
            let output = BuildOutput(isQuiet: isQuiet)
            do {
                try await Self.run(build, output, &writer)
            } catch {
                await files.remove()
                throw error
            }
            await files.remove()
        }
    }

    /// Ends when the build has ended, also when the client went away before.
    private static func run(
        _ build: Build, _ output: BuildOutput, _ writer: inout any ResponseBodyWriter
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(BuildError) {
                    try await build.run(output)
                    output.finish(nil)
                } catch {
                    output.finish(error)
                }
            }
            do {
                var lines = output.lines
                while let line = try await lines.next() { try await writer.write(ByteBuffer(bytes: line)) }
            } catch let error as BuildError {
                try await writer.write(Self.failure(error))
            } catch {
                output.close()
                group.cancelAll()
                throw error
            }
        }
    }

    private static func failure(_ error: BuildError) -> ByteBuffer {
        Answer.line([
            "errorDetail": ["code": .integer(Int64(error.code)), "message": .string(error.message)],
            "error": .string(error.message),
        ])
    }

    @Sendable func prune(_ request: Request, _ context: EngineContext) async throws -> Response {
        let (keys, bytes) = await builder.prune(all: request.query.flag("all"))
        return Answer.json([
            "CachesDeleted": .array(keys.map { .string($0) }), "SpaceReclaimed": .integer(bytes),
        ])
    }
}

extension BuildOptions {
    /// Reads the parameters of `POST /build`.
    ///
    /// - Throws: ``EngineError`` for what is malformed, and for what Pouch does not do.
    init(_ query: Query) throws(EngineError) {
        self.init()
        if query["version"] == "2" {
            throw .unsupported("BuildKit is not supported: set DOCKER_BUILDKIT=0, or use pouch build")
        }
        if let remote = query["remote"] {
            throw .unsupported("build from \(remote): fetching contexts is not supported, send the files as an archive")
        }
        if query.flag("squash") { throw .unsupported("squash is not supported: copy from the last stage instead") }
        tags = query.all("t")
        dockerfile = query["dockerfile"] ?? "Dockerfile"
        for (name, value) in try Self.object("buildargs", query) where value != .null {
            arguments[name] = try Self.text(value, "buildargs")
        }
        for (name, value) in try Self.object("labels", query) {
            labels.append((name, try Self.text(value, "labels")))
        }
        target = query["target"]
        usesCache = !query.flag("nocache")
        cacheSources = try Self.words("cachefrom", query)
        pulls = query.flag("pull")
        platform = query["platform"]
        network = query["networkmode"] ?? ""
        extraHosts = query.all("extrahosts").flatMap { $0.split(separator: ",").map(String.init) }
        try readLimits(query)
    }

    /// What `pouch build --secret` sends: a JSON object of values in base64, itself in base64.
    static func secrets(_ text: String) throws(EngineError) -> [String: [UInt8]] {
        guard let bytes = Base64.decoded(text), let object = (try? JSONValue(parsing: bytes))?.objectValue else {
            throw .invalid("X-Build-Secrets: not a JSON object in base64")
        }
        var secrets: [String: [UInt8]] = [:]
        for (id, value) in object {
            guard let secret = value.stringValue.flatMap({ Base64.decoded($0) }) else {
                throw .invalid("X-Build-Secrets: \(id) is not in base64")
            }
            secrets[id] = secret
        }
        return secrets
    }

    private mutating func readLimits(_ query: Query) throws(EngineError) {
        limits.memory = Int64(try query.int("memory") ?? 0)
        limits.memorySwap = Int64(try query.int("memswap") ?? 0)
        limits.shmSize = Int64(try query.int("shmsize") ?? 0)
        limits.cpuShares = Int64(try query.int("cpushares") ?? 0)
        limits.cpuPeriod = Int64(try query.int("cpuperiod") ?? 0)
        limits.cpuQuota = Int64(try query.int("cpuquota") ?? 0)
        limits.cpusetCPUs = query["cpusetcpus"] ?? ""
        limits.cpusetMemories = query["cpusetmems"] ?? ""
        limits.cgroupParent = query["cgroupparent"] ?? ""
        limits.securityOptions = query.all("securityopt")
    }

    private static func object(_ name: String, _ query: Query) throws(EngineError) -> [(String, JSONValue)] {
        guard let text = query[name] else { return [] }
        let value = try? JSONValue(parsing: text)
        if case .null? = value { return [] }
        guard let object = value?.objectValue else {
            throw .invalid("error reading build args: \(name) is not a JSON object: \(text)")
        }
        return object.map { ($0.key, $0.value) }
    }

    private static func words(_ name: String, _ query: Query) throws(EngineError) -> [String] {
        guard let text = query[name], let value = try? JSONValue(parsing: text), value != .null else { return [] }
        guard let words = value.arrayValue else { throw .invalid("\(name) is not a list of names: \(text)") }
        return try words.map { (word) throws(EngineError) in try Self.text(word, name) }
    }

    private static func text(_ value: JSONValue, _ name: String) throws(EngineError) -> String {
        guard let text = value.stringValue else { throw .invalid("\(name): a value is not a string") }
        return text
    }
}

extension EngineError {
    /// An error of a build that has not begun.
    init(_ error: BuildError) {
        switch error {
        case .engine(let reason): self = reason
        case .dockerfile, .invalid, .step, .command: self = .invalid(error.message)
        case .cancelled: self = .failed(error.message)
        }
    }
}
