internal import ClusterModel
internal import JSON
internal import Testing
internal import Units

@testable internal import Controllers

@Suite("What disruption budgets allow")
struct BudgetBookTests {
    private let now = Timestamp(seconds: 1_700_000_000)

    private func pod(_ name: String, ready: Bool = true, deleting: Bool = false) -> PodObject {
        var object: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "n", "uid": .string(name), "labels": ["app": "x"]],
            "status": ["phase": "Running", "conditions": [["type": "Ready", "status": ready ? "True" : "False"]]],
        ]
        if deleting { object["metadata"]?["deletionTimestamp"] = "2023-11-14T22:13:20Z" }
        return PodObject(object)
    }

    private func budget(_ spec: JSONValue, status: JSONValue = [:]) -> PodDisruptionBudgetObject {
        var spec = spec
        spec["selector"] = ["matchLabels": ["app": "x"]]
        return PodDisruptionBudgetObject([
            "metadata": ["name": "b", "namespace": "n", "generation": 3], "spec": spec, "status": status,
        ])
    }

    @Test("healthy pods above the minimum may go; what is told once is not told again")
    func allowance() {
        var book = BudgetBook()
        for name in ["a", "b", "c"] { book.put(pod(name)) }
        book.put(pod("sick", ready: false))
        book.put(pod("going", deleting: true))
        book.put(budget(["minAvailable": 2]))
        let update = book.updates(at: now).first
        #expect(update?.status["disruptionsAllowed"] == 1 && update?.status["currentHealthy"] == 3)
        #expect(update?.status["expectedPods"] == 5 && update?.status["observedGeneration"] == 3)
        book.put(budget(["minAvailable": 2], status: update?.status ?? [:]))
        #expect(book.updates(at: now).isEmpty)
        book.removePod("n/c")
        #expect(book.updates(at: now).first?.status["disruptionsAllowed"] == 0)
    }

    @Test("an eviction on its way counts as gone, for two minutes")
    func disrupted() {
        var book = BudgetBook()
        for name in ["a", "b"] { book.put(pod(name)) }
        let status: JSONValue = ["disruptedPods": ["a": .string(now.wholeSeconds)]]
        book.put(budget(["minAvailable": 1], status: status))
        #expect(book.updates(at: now).first?.status["disruptionsAllowed"] == 0)
        book.put(pod("a"))
        let late = book.updates(at: now.advanced(by: .seconds(121))).first?.status
        #expect(late?["disruptionsAllowed"] == 1 && late?["disruptedPods"] == ["a": nil])
    }
}
