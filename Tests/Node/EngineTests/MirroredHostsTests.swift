import ImageSpec
import Testing

@testable import Engine

@Suite("the registries that a machine's own stands in for")
struct MirroredHostsTests {
    private func repository(_ name: String, _ namespace: String?, _ hosts: String...) throws -> String? {
        try MirroredHosts(hosts).repository(name, namespace: namespace)?.name
    }

    @Test("a namespace is taken where it is mirrored, and nowhere else")
    func namespace() throws {
        #expect(try repository("team/app", "a.example", "a.example") == "a.example/team/app")
        #expect(try repository("team/app", "b.example", "a.example") == nil)
        #expect(try repository("team/app", "b.example:5000", "*.example:*") == "b.example:5000/team/app")
        #expect(try repository("library/busybox", "docker.io", "docker.io") == "docker.io/library/busybox")
        for bad in ["", "a.example/x", "a.example@x", "a b"] {
            #expect(try repository("team/app", bad, "*") == nil, "\(bad)")
        }
    }

    @Test("without a namespace the path may begin with the host; one host alone is meant anyway")
    func path() throws {
        #expect(try repository("a.example/team/app", nil, "a.example", "b.example") == "a.example/team/app")
        #expect(try repository("a.example_5000/team/app", nil, "*.example:5000") == "a.example:5000/team/app")
        #expect(try repository("localhost_5000/app", nil, "localhost:5000", "x") == "localhost:5000/app")
        #expect(try repository("team/app", nil, "a.example") == "a.example/team/app")
        #expect(try repository("team/app", nil, "a.example", "b.example") == nil)
        #expect(try repository("team/app", nil, "*.example") == nil)
        #expect(throws: EngineError.self) { try MirroredHosts(["[a"]) }
    }
}
