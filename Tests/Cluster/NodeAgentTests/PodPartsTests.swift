internal import Cgroups
internal import ClusterModel
internal import Engine
internal import LinuxKernel
internal import TestSupport
internal import Testing

@testable internal import NodeAgent

@Suite("What a pod has on its node")
struct PodPartsTests {
    private static func pod(_ spec: String, metadata: String = "{name: p, namespace: n, uid: u}") throws -> PodObject {
        let text = "kind: Pod\nmetadata: \(metadata)\nspec: \(spec)\n"
        return PodObject(try #require(try YAMLDocuments.read(text, name: "pod").first))
    }

    @Test(
        "an address is asked for in its own family",
        arguments: [("10.7.0.5", "10.7.0.5", nil), ("fd00::5", nil, "fd00::5")] as [(String, String?, String?)])
    func address(given: String, v4: String?, v6: String?) throws {
        let pod = try Self.pod(
            "{containers: [{name: a}]}",
            metadata: "{name: p, namespace: n, uid: u, annotations: {pouch.io/ip: '\(given)'}}")
        var order = ContainerOrder(facts: PodFacts(pod: pod, nodeName: "n1", hostAddress: "", addresses: []))
        order.network = "pods"
        let request = try order.sandbox(image: "i", program: ["p"], attempt: 0)
        let wish = request.networkingConfig.endpointsConfig["pods"]?.wrappedValue?.iPAMConfig
        #expect(wish?.iPv4Address == v4 && wish?.iPv6Address == v6, "\(String(describing: wish))")
    }

    @Test(
        "a pod has a limit where each of its containers has one, and 0 is none",
        arguments: [
            (["{memory: 64Mi, cpu: 1}", "{memory: 1Mi, cpu: 1}"], 65), (["{memory: '0', cpu: 0}"], nil),
            (["{memory: 64Mi, cpu: 1}", "{memory: 0, cpu: 0}"], nil), (["{memory: 64Mi, cpu: 1}", "{}"], nil),
        ] as [([String], UInt64?)])
    func limits(containers: [String], mebibytes: UInt64?) throws {
        let objects = containers.enumerated().map { "{name: c\($0), resources: {limits: \($1)}}" }
        let limits = PodGroup.limits(of: try Self.pod("{containers: [\(objects.joined(separator: ", "))]}"))
        #expect(limits.memory.limit == mebibytes.map { .at($0 << 20) })
        #expect(limits.cpu.quota == mebibytes.map { _ in .at(200_000) })
    }

    @Test("files that are not told any more go, at any depth, and one may become a folder and a folder one")
    func pruning() async throws {
        try await withScratchDirectory { folder in
            func fill(_ paths: [String]) throws {
                let files = paths.map { VolumeFile(path: $0, bytes: Array($0.utf8), mode: 0o644) }
                try VolumeFolder.fill("\(folder)/v", with: files, group: nil)
            }
            func found(_ place: String = "") throws -> [String] {
                try Files.list("\(folder)/v/\(place)").flatMap { name in
                    try Files.status("\(folder)/v/\(place)\(name)").isDirectory
                        ? try found("\(place)\(name)/") : ["\(place)\(name)"]
                }
            }
            try fill(["a", "sub/x", "sub/y", "deep/er/z"])
            #expect(try found() == ["a", "deep/er/z", "sub/x", "sub/y"])
            try fill(["a", "sub/y", "deep/w"])
            #expect(try found() == ["a", "deep/w", "sub/y"])
            #expect(!Files.exists("\(folder)/v/deep/er"))
            try fill(["a/b", "sub"])
            #expect(try found() == ["a/b", "sub"])
            #expect(try WholeFile.read("\(folder)/v/sub") == Array("sub".utf8))
            try fill([])
            #expect(try Files.list("\(folder)/v").isEmpty)
        }
    }
}
