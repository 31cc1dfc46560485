internal import ClusterModel
internal import JSON
internal import Testing
internal import Units

@Suite("What controllers see and say")
struct AccessTests {
    private func object(_ name: String, _ uid: String) -> JSONValue {
        ["metadata": ["namespace": "n", "name": .string(name), "uid": .string(uid)]]
    }

    @Test("a fresh whole tells what is gone, and what was replaced under its name")
    func mirror() {
        var mirror = Mirror()
        _ = mirror.take(.whole([object("a", "1"), object("b", "2")]))
        _ = mirror.take(.changed(object("c", "3")))
        let news = mirror.take(.whole([object("a", "1"), object("b", "9")]))
        #expect(
            news == [
                .gone(key: "n/b", uid: "2"), .gone(key: "n/c", uid: "3"), .changed(object("a", "1")),
                .changed(object("b", "9")),
            ])
        #expect(mirror.take(.whole([object("a", "1"), object("b", "9")])).count == 2)
    }

    @Test("a whole that comes in parts tells the same, also when a list broke off before")
    func parts() {
        var mirror = Mirror()
        _ = mirror.take(.whole([object("a", "1"), object("b", "2"), object("c", "3")]))
        #expect(mirror.take(.part([object("a", "1"), object("b", "2")], isFirst: true)).count == 2)
        // It broke off, and `b` went.
        _ = mirror.take(.part([object("a", "1")], isFirst: true))
        #expect(
            mirror.take(.whole([object("c", "3"), object("d", "4")])) == [
                .gone(key: "n/b", uid: "2"), .changed(object("c", "3")), .changed(object("d", "4")),
            ])
        #expect(
            mirror.take(.whole([object("d", "4")])).prefix(2) == [
                .gone(key: "n/a", uid: "1"), .gone(key: "n/c", uid: "3"),
            ])
    }

    @Test("who was replaced under its name while nobody looked goes before the new one comes, also in parts")
    func replaced() {
        var mirror = Mirror()
        _ = mirror.take(.whole([object("a", "1"), object("b", "2")]))
        #expect(
            mirror.take(.part([object("a", "9")], isFirst: true)) == [
                .gone(key: "n/a", uid: "1"), .changed(object("a", "9")),
            ])
        #expect(mirror.take(.whole([object("b", "2")])) == [.changed(object("b", "2"))], "the new one lives")
        #expect(
            mirror.take(.changed(object("b", "3"))) == [.gone(key: "n/b", uid: "2"), .changed(object("b", "3"))])
    }

    @Test("what a list that broke off had shown is told to be gone when it is")
    func brokenOff() {
        var mirror = Mirror()
        _ = mirror.take(.whole([object("a", "1")]))
        _ = mirror.take(.part([object("b", "2")], isFirst: true))
        _ = mirror.take(.part([object("a", "1")], isFirst: true))
        #expect(mirror.take(.whole([])) == [.gone(key: "n/b", uid: "2")])
    }

    @Test("thousands of things that go well are not all told, what goes wrong is")
    func flood() {
        var aggregator = EventAggregator(component: "test")
        let now = Timestamp(seconds: 1_000_000)
        func told(_ count: Int, _ severity: EventRecord.Severity, at time: Timestamp, _ word: String) -> Int {
            (0..<count).count { number in
                aggregator.order(
                    EventRecord(
                        pod: "n/\(word)\(number)", uid: "\(word)\(number)", severity: severity, reason: "R",
                        message: "m"), at: time) != nil
            }
        }
        #expect(told(3000, .normal, at: now, "a") == 2000)
        #expect(told(1000, .warning, at: now, "b") == 1000)
        #expect(told(3000, .normal, at: now.advanced(by: .seconds(2)), "c") == 400)
    }

    @Test("equal records are counted, and an object that talks too much is cut off until time has passed")
    func aggregation() {
        var aggregator = EventAggregator(component: "test")
        let record = EventRecord(pod: "n/p", uid: "u", reason: "R", message: "m")
        let start = Timestamp(seconds: 1_000_000)
        guard case .create(_, let object)? = aggregator.order(record, at: start) else {
            Issue.record("the first is created")
            return
        }
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        for count in 2...25 {
            let order = aggregator.order(record, at: start)
            guard case .count("n", let counted, let body)? = order, counted == name else {
                Issue.record("the \(count)th is counted")
                return
            }
            #expect(body["count"] == .integer(Int64(count)))
        }
        #expect(aggregator.order(record, at: start) == nil)
        #expect(aggregator.order(record, at: start.advanced(by: .seconds(299))) == nil)
        #expect(aggregator.order(record, at: start.advanced(by: .seconds(301))) != nil)
    }

    @Test("times as the API writes them")
    func times() {
        let time = Timestamp(seconds: 1_700_000_000, nanosecond: 5_006_000)
        #expect(time.wholeSeconds == "2023-11-14T22:13:20Z" && time.microseconds == "2023-11-14T22:13:20.005006Z")
    }
}
