import ImageBuild
import Testing

@Suite("planning stages and variables")
struct PlanTests {
    private func plan(_ text: String, target: String? = nil) throws -> StagePlan {
        let file = try Dockerfile(parsing: text)
        return try StagePlan(file, images: file.stages.map(\.from.image), target: target)
    }

    private let diamond = """
        FROM x AS base
        FROM base AS left
        FROM base AS right
        FROM x AS unused
        FROM scratch
        COPY --from=left /a /
        RUN --mount=from=2,target=/m b
        COPY --from=busybox /c /
        """

    @Test("stages that nobody uses are not built, numbers and names mean the same")
    func needed() throws {
        let plan = try plan(diamond)
        #expect(plan.needed == [0, 1, 2, 4])
        #expect(plan.dependencies == [[], [0], [0], [], [1, 2]])
        #expect(plan.bases == [.image("x"), .stage(0), .stage(0), .image("x"), .scratch])
        #expect(plan.source("busybox", before: 4) == .image("busybox"))
    }

    @Test("a target ends the build early")
    func target() throws {
        #expect(try plan(diamond, target: "Left").needed == [0, 1])
        #expect(try plan(diamond, target: "0").needed == [0])
        #expect(
            throws: DockerfileError(
                line: 0, "target stage \"nope\" could not be found: there are base, left, right, unused")
        ) {
            try plan(diamond, target: "nope")
        }
    }

    @Test("a stage cannot use one that comes later")
    func order() {
        #expect(
            throws: DockerfileError(
                line: 2, "stage later does not come before this one: stages are used after they stand")
        ) {
            try plan("FROM x\nCOPY --from=later a b\nFROM y AS later")
        }
        #expect(throws: DockerfileError.self) { try plan("FROM x\nCOPY --from=3 a b") }
    }

    @Test("ENV wins over ARG, what was given over what stands there, and proxies need no declaration")
    func scope() {
        var scope = BuildScope(given: ["A": "given", "http_proxy": "p", "UNDECLARED": "u"], global: ["G": "global"])
        #expect(scope.value("A", environment: []) == nil, "not before its ARG")
        scope.declare("A", "default")
        scope.declare("B", "default")
        scope.declare("G", nil)
        scope.declare("N", nil)
        #expect(scope.value("A", environment: []) == "given")
        #expect(scope.value("A", environment: ["A=env"]) == "env")
        #expect(scope.value("B", environment: []) == "default")
        #expect(scope.value("G", environment: []) == "global")
        #expect(scope.value("N", environment: []) == nil)
        #expect(scope.value("UNDECLARED", environment: []) == nil)
        #expect(scope.value("http_proxy", environment: []) == "p")
        #expect(scope.visible(environment: ["B=env"]) == ["A=given", "G=global"])
        #expect(scope.givenProxies(environment: []) == ["http_proxy=p"])
    }
}
