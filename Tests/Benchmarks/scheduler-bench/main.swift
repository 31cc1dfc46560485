// Measures the scheduler library alone, in processor seconds: `scheduler-bench [--out FILE] [--only PREFIX]`.
internal import Glibc
internal import LinuxKernel
internal import Scheduling
internal import TestSupport

let arguments = CommandLine.arguments
func argument(_ name: String) -> String? {
    arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}

let rate = "1/CPU-s"
let plainNodes = 5000
/// Each name with its unit, bar and how to measure it.
let benchmarks: [(name: String, unit: String, bar: Bar, measure: () -> Double)] = [
    ("scheduler.memory", "MB", .atMost(1000), { Workloads.memory(nodes: 20_000, pods: 1_000_000) / 1e6 }),
    ("scheduler.plain.5k", rate, .atLeast(100_000), { Workloads.plain(nodes: plainNodes, pods: 50_000) }),
    ("scheduler.plain.20k", rate, .atLeast(70_000), { Workloads.plain(nodes: 20_000, pods: 50_000) }),
    ("scheduler.plain.100k", rate, .atLeast(70_000), { Workloads.plain(nodes: 100_000, pods: 50_000) }),
    ("scheduler.different.20k", rate, .atLeast(5000), { Workloads.allDifferent(nodes: 20_000, pods: 10_000) }),
    ("scheduler.affinity.5k", rate, .atLeast(20_000), { Workloads.affinity(nodes: plainNodes, pods: 20_000) }),
    ("scheduler.antiaffinity.5k", rate, .atLeast(20_000), { Workloads.antiAffinity(nodes: plainNodes, pods: 20_000) }),
    ("scheduler.spread.5k", rate, .atLeast(30_000), { Workloads.spread(nodes: plainNodes, pods: 20_000) }),
    (
        "scheduler.preemption.5k", rate, .atLeast(10_000),
        { Workloads.preemption(nodes: plainNodes, running: 20_000, preemptors: 5000) }
    ),
    ("scheduler.gang8.20k", rate, .atLeast(20_000), { Workloads.gangs(nodes: 20_000, gangs: 2500, size: 8) }),
    ("scheduler.gang512.20k", rate, .atLeast(20_000), { Workloads.gangs(nodes: 20_000, gangs: 100, size: 512) }),
    ("scheduler.hostport.20k", rate, .atLeast(50_000), { Workloads.hostPorts(nodes: 20_000, pods: 20_000) }),
    ("scheduler.saturation.20k", rate, .atLeast(50_000), { Workloads.saturation(nodes: 20_000, pods: 20_000) }),
    ("scheduler.coldstart", "CPU-s", .atMost(10), { Workloads.coldStart(nodes: 20_000, pods: 500_000) }),
]

var report = Report()
var plain: Double?
for benchmark in benchmarks where argument("--only").map(benchmark.name.hasPrefix) ?? true {
    let value = benchmark.measure()
    var row = Row(name: benchmark.name, value: value, unit: benchmark.unit, bar: benchmark.bar)
    if benchmark.name == "scheduler.plain.5k" {
        plain = value
    } else if benchmark.name.hasPrefix("scheduler.plain"), let plain {
        row = Row(name: benchmark.name, value: value, unit: rate, peer: ("5,000 nodes", plain), bar: .atLeast(0.7))
    }
    report.add(row)
}
if argument("--only").map("scheduler.shards".hasPrefix) ?? true {
    let different = (0..<8192).map { Workloads.different($0) }
    let templates = [100, 200, 250, 500].map { World.template(milli: $0, mebibytes: UInt64($0) * 2) }
    let plain = (0..<50_000).map { Pod(id: "default/plain-\($0)", template: templates[$0 % 4]) }
    for (name, pods, bar) in [("different", different, Bar.atLeast(1.5)), ("plain", plain, Bar.none)] {
        let one = await Shards.rate(1, nodes: 20_000, pods: pods)
        let two = await Shards.rate(2, nodes: 20_000, pods: pods)
        let row = "scheduler.shards.\(name)"
        report.add(
            Row(
                name: "\(row).busiest", value: two.perBusiestSecond, unit: "1/s",
                peer: ("1 shard", one.perBusiestSecond), bar: bar))
        report.add(
            Row(name: "\(row).clock", value: two.perSecond, unit: "1/s", peer: ("1 shard", one.perSecond), bar: .none))
        report.add(Row(name: "\(row).refused", value: Double(two.refused), unit: "plans", bar: .none))
    }
}
if let path = argument("--out") {
    do throws(SyscallError) {
        try report.write(to: path)
    } catch {
        print("scheduler-bench: \(error)")
        exit(1)
    }
}
exit(report.rows.allSatisfy(\.isMet) ? 0 : 1)
