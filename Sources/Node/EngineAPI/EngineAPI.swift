package import Engine
package import HTTPKit
internal import HTTPTypes
package import Hummingbird
package import ImageBuild
internal import Logging
internal import NIOCore

/// The Docker Engine API, v1.24 to v1.48, over an ``Engine``.
///
/// Decodes, makes one call, encodes: decisions belong to the engine. Paths may start with a version.
///
/// Source: Docker Engine API v1.48, https://docs.docker.com/reference/api/engine/version/v1.48/
package struct EngineAPI: Sendable {
    private let routes: RouterResponder<EngineContext>
    private let metrics: MetricsRegistry

    /// Without a `builder` there is one of its own, whose folders nobody has prepared.
    package init(engine: Engine, builder: ImageBuilder? = nil, metrics: MetricsRegistry) {
        let router = Router(context: EngineContext.self)
        PingRoutes().add(to: router)
        SystemRoutes(engine: engine).add(to: router)
        ContainerRoutes(engine: engine).add(to: router)
        ContainerLifeRoutes(engine: engine).add(to: router)
        ContainerOutputRoutes(engine: engine).add(to: router)
        AttachRoutes(engine: engine).add(to: router)
        ArchiveRoutes(engine: engine).add(to: router)
        ExecRoutes(engine: engine).add(to: router)
        ImageRoutes(engine: engine).add(to: router)
        ImageTransferRoutes(engine: engine).add(to: router)
        BuildRoutes(builder: builder ?? ImageBuilder(engine: engine)).add(to: router)
        VolumeRoutes(engine: engine).add(to: router)
        NetworkRoutes(engine: engine).add(to: router)
        SwarmRoutes().add(to: router)
        PoolRoutes(engine: engine).add(to: router)
        AbsentRoutes().add(to: router)
        MetricsRoutes(metrics: metrics).add(to: router)
        routes = router.buildResponder()
        self.metrics = metrics
    }

    /// Answers one request; an error becomes an answer with a `message`.
    @Sendable package func respond(to request: Request, _ source: RequestSource) async throws -> Response {
        let began = ContinuousClock.now
        let target = RequestPath(request.head.path ?? "/", isDeletion: request.method == .delete)
        let version = target.version ?? .current
        let context = EngineContext(source: .init(request: source, version: version))
        var response = await RequestTrace.$id.withValue(source.requestID) {
            await answer(request, at: target.path, version, context)
        }
        Self.addDaemonHeaders(to: &response)
        count(request, response, context, since: began)
        return response
    }

    private func answer(
        _ request: Request, at path: String, _ version: APIVersion, _ context: EngineContext
    ) async -> Response {
        var head = request.head
        head.path = path
        do {
            try Self.check(version)
            let response = try await routes.respond(to: Request(head: head, body: request.body), context: context)
            // The router answers what it does not know without a body.
            return response.status == .notFound && response.headers[.contentType] == nil
                ? Answer.error(.notFound, "page not found") : response
        } catch let error as EngineError {
            return Self.noted(error, context.logger)
        } catch {
            return Self.noted(.failed("\(error)"), context.logger)
        }
    }

    private static func check(_ version: APIVersion) throws(EngineError) {
        if version > .current {
            throw .invalid(
                "client version \(version) is too new. Maximum supported API version is \(APIVersion.current)")
        }
        if version < .oldest {
            throw .invalid(
                "client version \(version) is too old. Minimum supported API version is \(APIVersion.oldest), "
                    + "please upgrade your client to a newer version")
        }
    }

    private static func noted(_ error: EngineError, _ logger: Logger) -> Response {
        let answer = error.answer
        if answer.status == .internalServerError {
            logger.error("request failed", metadata: ["error": "\(error.message)"])
        }
        return answer
    }

    static func addDaemonHeaders(to response: inout Response) {
        response.headers[.apiVersion] = APIVersion.current.description
        response.headers[.dockerExperimental] = "false"
        response.headers[.osType] = "linux"
        response.headers[.server] = "Pouch (linux)"
    }

    private func count(
        _ request: Request, _ response: Response, _ context: EngineContext, since began: ContinuousClock.Instant
    ) {
        let route = context.endpointPath ?? "none"
        metrics.count(
            "pouch_api_requests_total", help: "Requests answered, by route, method and status.",
            labels: [
                ("code", "\(response.status.code)"), ("method", request.method.rawValue), ("route", route),
            ])
        metrics.observe(
            "pouch_api_request_seconds", help: "Time until the head of the answer was ready.",
            labels: [("method", request.method.rawValue), ("route", route)], ContinuousClock.now - began)
    }
}

extension HTTPField.Name {
    static let apiVersion = known("Api-Version")
    static let builderVersion = known("Builder-Version")
    static let dockerExperimental = known("Docker-Experimental")
    static let osType = known("Ostype")
    static let swarm = known("Swarm")
    static let pathStat = known("X-Docker-Container-Path-Stat")
    static let buildSecrets = known("X-Build-Secrets")
    static let registryAuth = known("X-Registry-Auth")

    /// A name that is known to be a token.
    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header's name") }
        return name
    }
}
