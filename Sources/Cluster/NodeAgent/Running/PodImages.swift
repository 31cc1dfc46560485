internal import Archives
internal import ClusterModel
internal import Engine
internal import JSON
internal import Logging
internal import NIOCore
internal import Units

/// Brings the images of a pod's containers to this node.
struct PodImages: Sendable {
    let context: NodeContext

    init(_ context: NodeContext) { self.context = context }

    /// By the container's pull policy; nil when the image is here.
    func bring(
        _ container: ContainerObject, _ pod: PodObject, _ facts: PodFacts
    ) async throws(EngineError) -> PodRunner.Failure? {
        let isHere = (try? await context.engine.image(container.image)) != nil
        switch container.pullPolicy {
        case .never:
            guard !isHere else { return nil }
            let message = "Container image \"\(container.image)\" is not present with pull policy of Never"
            return PodRunner.Failure(reason: "ErrImageNeverPull", message: message)
        case .ifNotPresent where isHere: return nil
        case .ifNotPresent, .always: break
        }
        await record(pod, "Pulling", "Pulling image \"\(container.image)\"")
        do throws(EngineError) {
            let pull = try await context.engine.findImages(
                container.image, tag: nil, platform: nil, authorization: authorization(container.image, facts))
            try await pull.run { _ in }
            await record(pod, "Pulled", "Successfully pulled image \"\(container.image)\"")
            return nil
        } catch {
            // A machine that is cut off runs what it has, as long as nobody demands the newest by name.
            let message = "Failed to pull image \"\(container.image)\": \(error.message)"
            return PodRunner.Failure(reason: "ErrImagePull", message: message)
        }
    }

    private func record(_ pod: PodObject, _ reason: String, _ message: String) async {
        await context.recorder.record(
            EventRecord(pod: pod.key, uid: pod.uid, reason: reason, message: message), at: .now)
    }

    /// Docker's header for the image's registry, from the pod's pull secrets.
    private func authorization(_ image: String, _ facts: PodFacts) -> String? {
        let first = image.split(separator: "/").first.map(String.init) ?? ""
        let isHost = image.contains("/") && (first.contains(".") || first.contains(":") || first == "localhost")
        let registry = isHost ? first : "docker.io"
        for name in facts.pod.imagePullSecrets {
            guard let secret = facts.secrets[name],
                let bytes = DataKeys.bytes(secret, isSecret: true)[".dockerconfigjson"],
                let config = try? JSONValue(parsing: bytes)
            else { continue }
            for (server, entry) in Field(config)["auths"].entries where Self.host(server) == registry {
                var (user, password) = (entry["username"].text ?? "", entry["password"].text ?? "")
                if let pair = entry["auth"].text.flatMap({ Base64.decoded($0) }) {
                    let parts = String(decoding: pair, as: UTF8.self).split(separator: ":", maxSplits: 1)
                    if parts.count == 2 { (user, password) = (String(parts[0]), String(parts[1])) }
                }
                let body: JSONValue = [
                    "username": .string(user), "password": .string(password), "serveraddress": .string(server),
                ]
                return Base64.encoded(body.encoded(), forURL: true)
            }
        }
        return nil
    }

    private static func host(_ server: String) -> String {
        var rest = server[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let host = String(rest.prefix { $0 != "/" })
        return host == "index.docker.io" || host == "registry-1.docker.io" ? "docker.io" : host
    }

    /// Makes the sandbox's image when it is not here.
    func makeSandboxImage() async throws(EngineError) {
        guard (try? await context.engine.image(PodRunner.sandboxImage)) == nil else { return }
        let parts = PodRunner.sandboxImage.split(separator: ":").map(String.init)
        let body = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(bytes: TarEncoder.end))
            continuation.finish()
        }
        _ = try await context.engine.importImage(
            body, repository: parts[0], tag: parts[1], message: "what a pod's sandbox runs in", changes: [],
            platform: nil)
    }
}
