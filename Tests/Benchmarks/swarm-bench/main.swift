// Measures images that travel between real daemons, each in a network namespace of its own behind a link that tc(8) shapes:
// `swarm-bench --bin DIR [--out FILE] [--only PREFIX] [--scale N] [--python PYTHON]`. With `--scale 8` every image is an eighth,
// for a look whether the rows work. The libtorrent row needs a PYTHON that has it. Wants root and cores of its own.
import Glibc
import LinuxKernel
import TestSupport

let arguments = CommandLine.arguments
func argument(_ name: String) -> String? {
    arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}

// Everything happens in namespaces that end with this run: links, mounts and processes that anything leaves behind.
if getenv("POUCH_BENCH_INSIDE") == nil {
    setenv("POUCH_BENCH_INSIDE", "1", 1)
    let words =
        ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"] + arguments
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    pointers.append(nil)
    execvp("unshare", &pointers)
    print("swarm-bench: unshare: \(String(cString: strerror(errno)))")
    exit(1)
}

let bench = Bench(
    programs: argument("--bin") ?? ".build/release", scale: argument("--scale").flatMap { Int($0) } ?? 1,
    python: argument("--python"), only: argument("--only"))
do {
    try await Spaces.hideOthers()
    let report = try await bench.run()
    if let path = argument("--out") { try report.write(to: path) }
    exit(report.rows.allSatisfy(\.isMet) ? 0 : 1)
} catch {
    print("swarm-bench: \(error)")
    exit(2)
}
