import JSON
import Prewarm
import TestSupport
import Testing

@Suite("a prewarm's plan")
struct PrewarmPlanTests {
    private func manifest(_ change: (inout JSONValue) -> Void = { _ in }) -> JSONValue {
        var json: JSONValue = [
            "apiVersion": "pouch/v1", "kind": "Prewarm", "metadata": ["name": "nightly"],
            "spec": [
                "images": ["registry.example/base:1"], "nodes": ["node-*"], "canary": 2, "batch": "10%",
                "maxParallel": 50, "maxFailures": 3, "rate": "50MB/s", "deadline": "30m", "ttl": "24h",
                "schedule": "0 3 * * *",
            ],
        ]
        change(&json)
        return json
    }

    @Test("a file says all that flags say, in the words of people")
    func file() throws {
        let plan = try PrewarmManifest(json: JSONField(manifest())).plan
        var expected = PrewarmPlan(images: ["registry.example/base:1"])
        expected.name = "nightly"
        expected.nodes = ["node-*"]
        expected.canary = 2
        expected.maxParallel = 50
        expected.maxFailures = .count(3)
        expected.rate = 50 << 20
        expected.deadline = 1800
        expected.ttl = 86400
        expected.schedule = CronSchedule("0 3 * * *")
        #expect(plan == expected)
        #expect(try PrewarmPlan(parsing: plan.encoded()) == plan)
        var other = plan
        other.authorizations = ["registry.example/base:1": "secret"]
        #expect(plan.isSame(as: other) && !other.shownJSON.description.contains("secret"))
        other.rate = 1
        #expect(!plan.isSame(as: other))
    }

    @Test("a plan's name is a file's name", arguments: ["../x", "a/b", ".", "A", "-a", "a\u{0}"])
    func names(name: String) {
        let error = #expect(throws: JSONError.self) {
            try PrewarmPlan(json: JSONField(["images": ["a"], "name": .string(name)]))
        }
        #expect(error?.description.contains("name") == true)
    }

    @Test("what is wrong is named by its path, and so is what nobody knows")
    func wrong() {
        func check(_ path: String, _ change: (inout JSONValue) -> Void) {
            let error = #expect(throws: JSONError.self) { try PrewarmManifest(json: JSONField(manifest(change))) }
            #expect(error?.description.contains(path) == true, "\(path): \(String(describing: error))")
        }
        check("kind") { $0["kind"] = "Pod" }
        check("apiVersion") { $0["apiVersion"] = "v1" }
        check("metadata.name") { $0["metadata"]?["name"] = "Not a name" }
        check("metadata.labels") { $0["metadata"]?["labels"] = [:] }
        check("status") { $0["status"] = [:] }
        check("spec.images") { $0["spec"]?["images"] = [] }
        check("spec.canaries") { $0["spec"]?["canaries"] = 1 }
        check("spec.rate") { $0["spec"]?["rate"] = "fast" }
        check("spec.ttl") { $0["spec"]?["ttl"] = "0s" }
        check("spec.deadline") { $0["spec"]?["deadline"] = "-1m" }
        check("spec.ttl") { $0["spec"]?["ttl"] = .integer(.max) }
        check("spec.rate") { $0["spec"]?["rate"] = .integer(.max) }
        check("spec.schedule") { $0["spec"]?["schedule"] = "daily" }
        check("spec.maxParallel") { $0["spec"]?["maxParallel"] = 0 }
        check("spec.authorizations") { $0["spec"]?["authorizations"] = [:] }
    }

    @Test("a standing plan is due when its moment has passed, once for all that were missed")
    func standing() throws {
        var plan = PrewarmPlan(images: ["a"])
        plan.name = "hourly"
        plan.schedule = CronSchedule("0 * * * *")
        var standing = StandingPrewarm(plan: plan, since: 100)
        #expect(standing.next == 3600 && !standing.isDue(now: 3599) && standing.isDue(now: 3600))
        #expect(standing.isDue(now: 90_000))
        standing.since = 90_000
        #expect(standing.next == 93_600)
        #expect(try StandingPrewarm(parsing: standing.encoded()) == standing)
        #expect(StandingPrewarm(plan: PrewarmPlan(images: ["a"]), since: 0).isDue(now: .max) == false)
    }

    @Test("a report keeps the bytes of a layer from step to step")
    func report() throws {
        var report = PrewarmReport(run: "1")
        report.note(LayerProgress(layer: "abc", status: "Pulling fs layer"))
        report.note(LayerProgress(layer: "abc", status: "Downloading", current: 5, total: 10))
        report.note(LayerProgress(layer: "def", status: "Already exists"))
        report.note(LayerProgress(layer: "abc", status: "Retrying in 1 second"))
        #expect(report.layers[0] == LayerProgress(layer: "abc", status: "Retrying in 1 second", current: 5, total: 10))
        report.note(LayerProgress(layer: "abc", status: "Pull complete"))
        #expect(report.layers.map(\.current) == [10, 0] && report.layers.map(\.layer) == ["abc", "def"])
        #expect(try PrewarmReport(parsing: report.encoded()) == report)
    }
}
