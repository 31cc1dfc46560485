internal import ClusterModel
internal import Scheduling
internal import Simulation
internal import TestSupport
internal import Testing
internal import Units

@Suite("traces")
struct TraceTests {
    @Test("Alibaba's batch_task")
    func alibaba() throws {
        let trace = try Trace(
            csv: "task_1,3,j_7,12,Terminated,100,160,50,0.25\nt,1,j,1,Running,200,0,1,1\n", name: "f.csv", machine: 1)
        #expect(
            trace.tasks == [
                Trace.Task(
                    arrival: 100, duration: 60, name: "j_7/task_1", user: "type-12", cpu: 0.5, memory: 0.0025,
                    instances: 3, priority: -1)
            ])
    }

    @Test("Google's instance_events")
    func google() throws {
        let trace = try Trace(
            csv: """
                time,type,collection_id,instance_index,priority,user,resource_request.cpus,resource_request.memory
                1000000,0,5,0,200,u,0.25,0.5
                3000000,3,5,0,200,u,0.25,0.5
                61000000,6,5,0,200,u,0.25,0.5
                """, name: "f.csv", machine: 64)
        #expect(
            trace.tasks == [
                Trace.Task(
                    arrival: 1, duration: 60, name: "5/0", user: "u", cpu: 16, memory: 0.5, instances: 1, priority: 1000
                )
            ])
    }

    private static let heading =
        "time,type,collection_id,instance_index,priority,user,resource_request.cpus,resource_request.memory\n"

    @Test(
        "what is wrong is named by file, line and column",
        arguments: [
            ("", "f.csv: it is empty"),
            ("t,1,j,1,Terminated,1,2,1,1\nnonsense", "f.csv: line 2: expected 9 columns, not 1"),
            ("t,1,j,1,Terminated,x,2,1,1", "f.csv: line 1: start_time: expected a number from 0 to 1000000000"),
            ("t,1,j,1,Terminated,1,inf,1,1", "f.csv: line 1: end_time: expected a number from 0 to 1000000000"),
            ("t,-1,j,1,Terminated,1,2,1,1", "f.csv: line 1: instance_num: expected a number from 0 to 1000000"),
            ("t,1,j,1,Terminated,1,2,nan,1", "f.csv: line 1: plan_cpu: expected a number from 0 to 100000000"),
            ("t,1,j,1,Running,9,0,1,1", "f.csv: it has no task that ends"),
            ("time,type\n1,2", "f.csv: line 1: there is no column collection_id"),
            (heading + "1,0,5,0,200,u,0.25", "f.csv: line 2: expected 8 columns, not 7"),
            (
                heading + "1,0,5,0,200,u,a lot,1",
                "f.csv: line 2: resource_request.cpus: expected a number from 0 to 1000"
            ),
        ])
    func malformed(csv: String, message: String) {
        #expect("\(Self.error(of: csv))" == message)
    }

    private static func error(of csv: String) -> String {
        do {
            _ = try Trace(csv: csv, name: "f.csv", machine: 1)
            return "it was accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test("a thousand damaged traces are read or refused, and never more")
    func damaged() throws {
        let sound = Array(Trace.synthetic(tasks: 20, hours: 1, seed: 1).alibabaCSV.utf8)
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            var bytes = sound
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let index = bytes.indices.randomElement(using: &random) ?? 0
                bytes[index] = Array(",.-eE+0123456789\nx\u{FF}".utf8).randomElement(using: &random) ?? 0
            }
            do {
                let trace = try Trace(csv: String(decoding: bytes, as: UTF8.self), name: "f.csv", machine: 1)
                #expect(trace.tasks.allSatisfy { $0.duration > 0 && $0.cpu >= 0 && $0.instances >= 0 }, "seed \(seed)")
            } catch {
                #expect("\(error)".hasPrefix("f.csv: "), "seed \(seed): \(error)")
            }
        }
    }

    @Test("the synthetic sample is the same for a seed, and survives being written and read")
    func synthetic() throws {
        let trace = Trace.synthetic(tasks: 200, hours: 2, seed: 3)
        #expect(trace.tasks == Trace.synthetic(tasks: 200, hours: 2, seed: 3).tasks)
        let read = try Trace(csv: trace.alibabaCSV, name: "f.csv", machine: 1)
        #expect(read.tasks.count == 200)
    }

    @Test("a replay gives every pod its time: what waits is what the pool cannot hold")
    func replay() {
        let node = Node(
            name: "n", allocatable: Resources(cpu: CPUCount(milli: 1000), memory: ByteCount(1 << 30), pods: 10))
        let tasks = (0..<3).map { number in
            Trace.Task(
                arrival: Double(number), duration: 100, name: "t\(number)", user: "u", cpu: 1, memory: 0.1,
                instances: 1,
                priority: -1)
        }
        let result = Replay(Trace(tasks: tasks), on: [node])
        #expect(result.placed == 3 && result.unplaced == 0)
        #expect(result.waits["batch"] == [0, 99, 198])
        #expect(result.charts.allSatisfy { $0.svg.hasPrefix("<svg") && $0.svg.hasSuffix("</svg>\n") })
    }

    @Test("an evicted pod comes back, waits and runs its whole time again")
    func evicted() {
        let node = Node(
            name: "n", allocatable: Resources(cpu: CPUCount(milli: 1000), memory: ByteCount(1 << 30), pods: 10))
        func task(_ name: String, at arrival: Double, priority: Int32) -> Trace.Task {
            Trace.Task(
                arrival: arrival, duration: 100, name: name, user: "u", cpu: 1, memory: 0.1, instances: 1,
                priority: priority)
        }
        let tasks = [task("low", at: 0, priority: -1), task("high", at: 50, priority: 1000)]
        let result = Replay(Trace(tasks: tasks), on: [node])
        #expect(result.placed == 2 && result.unplaced == 0 && result.evicted == 1)
        #expect(result.waits["high"] == [0])
        #expect(result.waits["batch"] == [0, 100], "evicted at 50, placed again at 150")
    }

    @Test("the sample in Specs runs on the pool in Specs: all that ends is placed, and every chart has its lines")
    func specs() throws {
        var manifests = Manifests()
        try manifests.read(try SpecFile.text("pools/small.yaml"), name: "small.yaml")
        try manifests.finish()
        let trace = try Trace(csv: try SpecFile.text("traces/synthetic.csv"), name: "f.csv", machine: 64)
        #expect(manifests.nodes.count == 44 && trace.tasks.count > 2900)
        let result = Replay(
            Trace(tasks: Array(trace.tasks.prefix(400))), on: manifests.nodes)
        #expect(result.placed > 400)
        #expect(result.charts.count == 4 && result.charts.allSatisfy { $0.svg.contains("polyline") })
    }
}
