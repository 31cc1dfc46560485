// Measures a piece server against nginx, both serving one file from the page cache: `transfer-bench [--out FILE]`.
import Glibc
import LinuxKernel
import TestSupport

let arguments = CommandLine.arguments
func argument(_ name: String) -> String? {
    arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}

if arguments.dropFirst().first == "serve", arguments.count >= 4 {
    try await OurServer.serve(file: arguments[2], port: arguments[3], identity: arguments.dropFirst(4).first)
    exit(0)
}

var report = Report()
try await withScratchDirectory { folder in
    let contest = try await Contest(folder)
    for isSealed in [false, true] {
        let (ours, nginx) = try await contest.measure(isSealed: isSealed)
        let name = isSealed ? "transfer.tls" : "transfer.plain"
        report.add(
            Row(
                name: name, value: ours.speed, unit: "MB/s", peer: ("nginx", nginx.speed),
                bar: .atLeast(isSealed ? 0.8 : 0.9)))
        report.add(
            Row(
                name: "\(name).cpu", value: ours.cost, unit: "CPU-s/GB", peer: ("nginx", nginx.cost),
                bar: isSealed ? .none : .atMost(1.2)))
    }
}
if let path = argument("--out") { try report.write(to: path) }
exit(report.rows.allSatisfy(\.isMet) ? 0 : 1)
