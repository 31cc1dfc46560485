internal import DistributionSimulation
internal import Glibc
internal import Peer
internal import Pieces

let arguments = CommandLine.arguments.dropFirst()
@MainActor func value(_ name: String) -> Double? {
    arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.endIndex ? Double(arguments[$0 + 1]) : nil }
}
@MainActor func show(_ name: String, _ scenario: Scenario, bound: Double) {
    var scenario = scenario
    if let v = value("--slots") { scenario.peer.uploadSlots = Int(v) }
    if let v = value("--fetches") { scenario.peer.fetches = Int(v) }
    if let v = value("--window") { scenario.peer.window = Int(v) }
    if let v = value("--neighbours") { scenario.peer.neighbours = Int(v) }
    if let v = value("--redundancy") { scenario.peer.seedRedundancy = Int(v) }
    if let v = value("--seed") { scenario.seed = UInt64(v) }
    let start = clock()
    let o = Simulation(scenario).run()
    let slow = o.unpacked.compactMap { $0 }.max() ?? 0
    print(name, "eff", bound / slow, "slowest", slow, "stuck", o.stuck.count, "copies", o.copies, "max sent copies", (o.sent.max() ?? 0) / Double(scenario.blobs.reduce(0, +)), "seed sent", o.sent[0] / Double(scenario.blobs.reduce(0, +)),
    "wasted", o.wasted, "hedges", o.hedges, "messages", o.messages, "ann", o.announcements, "offers", o.offers, "declined", o.declined, "tracker s", o.trackerSeconds, "cpu", Double(clock() - start) / 1e6, o.violations.prefix(3), o.failures.count)
}
let only = arguments.first ?? ""
if only == "" || only == "a" {
var scenario = Scenario(nodes: 9, upload: 5e6, download: 1e9, blobs: [64 << 20])
scenario.complete = [0]
show("1+8", scenario, bound: Double(64 << 20) / 5e6)
}
if only == "" || only == "b" {
let scenario = Scenario(nodes: 50, upload: 1.25e6, download: 1.25e6, blobs: [8 << 20, 8 << 20, 8 << 20, 8 << 20])
show("50", scenario, bound: Double(32 << 20) / 1.25e6)
}
if only == "" || only == "c" {
let scenario = Scenario(nodes: 4, upload: 12.5e6, download: 12.5e6, blobs: [256 << 20])
show("4", scenario, bound: Double(256 << 20) / 12.5e6)
}
if only == "d" {
let scenario = Scenario(nodes: 500, upload: 12.5e6, download: 12.5e6, blobs: [256 << 20])
show("500", scenario, bound: Double(256 << 20) / 12.5e6)
}
if only == "e" {
let scenario = Scenario(nodes: 10_000, upload: 12.5e6, download: 12.5e6, blobs: [256 << 20])
show("10000", scenario, bound: Double(256 << 20) / 12.5e6)
}
