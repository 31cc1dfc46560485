// Measures the exchange of pieces: `distribution-bench [--out FILE] [--only PREFIX]`. The pools are on paper, in virtual time; the
// peers and the tracker are the real ones. Efficiency is the theory's bound over the slowest finish, unpacked.
internal import DistributionSimulation
internal import Glibc
internal import LinuxKernel
internal import TestSupport

let arguments = CommandLine.arguments
func argument(_ name: String) -> String? {
    arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}
let only = argument("--only")
var report = Report()
for workload in Workload.all where only.map(workload.name.hasPrefix) ?? true {
    for row in workload.measure() { report.add(row) }
}
if only.map("distribution.tracker".hasPrefix) ?? true {
    for row in TrackerLoad.measure(nodes: 10_000, blobs: 4) { report.add(row) }
}
if let path = argument("--out") {
    do throws(SyscallError) {
        try report.write(to: path)
    } catch {
        print("distribution-bench: \(error)")
        exit(1)
    }
}
exit(report.rows.allSatisfy(\.isMet) ? 0 : 1)
