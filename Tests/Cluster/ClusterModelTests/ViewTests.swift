internal import ClusterModel
internal import JSON
internal import Testing

@Suite("Typed looks at objects")
struct ViewTests {
    private func pod(_ spec: String) throws -> PodObject {
        let text = "{kind: Pod, metadata: {name: p, namespace: n}, spec: \(spec)}"
        return PodObject(try #require(try YAMLDocuments.read(text, name: "f").first))
    }

    @Test(
        "the quality of service that requests and limits make",
        arguments: [
            ("{containers: [{name: a}]}", PodObject.QualityOfService.bestEffort),
            ("{containers: [{name: a, resources: {requests: {cpu: 1}}}]}", .burstable),
            ("{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}", .guaranteed),
            ("{containers: [{resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}}}]}", .burstable),
            ("{containers: [{resources: {limits: {cpu: 1, memory: 1Gi}}}], initContainers: [{name: i}]}", .burstable),
        ])
    func qualityOfService(spec: String, expected: PodObject.QualityOfService) throws {
        #expect(try pod(spec).qualityOfService == expected)
    }

    @Test(
        "when an image is pulled, by its name",
        arguments: [
            ("web", ContainerObject.PullPolicy.always), ("web:1", .ifNotPresent), ("web:latest", .always),
            ("host:5000/web", .always), ("host:5000/web:2", .ifNotPresent), ("web@sha256:00", .ifNotPresent),
        ])
    func pullPolicy(image: String, expected: ContainerObject.PullPolicy) throws {
        #expect(try pod("{containers: [{image: '\(image)'}]}").containers.first?.pullPolicy == expected)
    }

    @Test("ports by name, volumes by kind, defaults of probes")
    func parts() throws {
        let pod = try pod(
            """
            {volumes: [{name: v, configMap: {name: c}}, {name: e}],
             containers: [{ports: [{name: http, containerPort: 8080, hostPort: 80}], livenessProbe: {httpGet: {port: http}}}]}
            """)
        let container = try #require(pod.containers.first)
        let probe = try #require(container.livenessProbe)
        #expect(container.port(probe.field["httpGet"]["port"]) == 8080 && container.readinessProbe == nil)
        #expect(probe.period == 10 && probe.failureThreshold == 3 && probe.timeout == 1 && probe.initialDelay == 0)
        #expect(pod.volumes.map(\.kind) == ["configMap", "emptyDir"] && pod.volumes[0].source["name"].text == "c")
        #expect(pod.key == "n/p" && pod.terminationGracePeriod == 30 && pod.restartPolicy == .always)
    }

    @Test(
        "how many pods a budget keeps",
        arguments: [
            ("{minAvailable: 2}", 2), ("{minAvailable: 50%}", 3), ("{maxUnavailable: 1}", 4),
            ("{maxUnavailable: 30%}", 3), ("{maxUnavailable: 9}", 0), ("{}", 5),
        ])
    func budget(spec: String, kept: Int) throws {
        let object = try #require(try YAMLDocuments.read("{spec: \(spec)}", name: "f").first)
        #expect(PodDisruptionBudgetObject(object).desiredHealthy(of: 5) == kept)
    }
}
