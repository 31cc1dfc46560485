internal import Glibc
internal import LinuxKernel
internal import TestSupport

// pouch-bench [--bin FOLDER] [--out FILE] [--rounds N] [runtime|engine|quota|image]...
//
// Measures Pouch against whichever of crun, runc and docker is installed, each pair interleaved in one run.

var arguments = Arguments(words: Array(CommandLine.arguments.dropFirst()))
let bin = arguments.take("--bin", default: ".build/release")
let out = arguments.take("--out", default: ".build/bench/bench.tsv")
let rounds = Int(arguments.take("--rounds", default: "40")) ?? 40

// crun refuses the hybrid cgroup layout; a private mount namespace without the unified tree is a layout it knows.
if getenv("POUCH_BENCH_PRIVATE") == nil {
    setenv("POUCH_BENCH_PRIVATE", "1", 1)
    setenv("POUCH_BIN", bin, 1)
    let program = String(decoding: try WholeFile.read("/proc/self/cmdline").split(separator: 0)[0], as: UTF8.self)
    let script = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\""
    let again = ["unshare", "--mount", "sh", "-c", script, "sh", program] + CommandLine.arguments.dropFirst()
    var pointers: [UnsafeMutablePointer<CChar>?] = again.map { strdup($0) } + [nil]
    execvp("unshare", &pointers)
    print("unshare: \(String(cString: strerror(errno)))")
    exit(1)
}

var report = Report()
let sections = arguments.words.isEmpty ? ["runtime", "engine", "quota", "image"] : arguments.words
do {
    if sections.contains("runtime") {
        try RuntimeBenchmarks(runtime: "\(bin)/pouch-runtime", rounds: rounds).run(into: &report)
    }
    if sections.contains("engine") { try EngineBenchmarks(bin: bin, rounds: rounds).run(into: &report) }
    if sections.contains("quota") { try QuotaBenchmarks(bin: bin, rounds: rounds).run(into: &report) }
    if sections.contains("image") { try ImageBenchmarks(bin: bin, rounds: rounds).run(into: &report) }
    try must(["mkdir", "-p", String(out[..<(out.lastIndex(of: "/") ?? out.startIndex)])])
    try report.write(to: out)
    print("\n\(report.rows.count(where: \.isMet)) of \(report.rows.count) ok; written to \(out)")
} catch {
    print("pouch-bench: \(error)")
    exit(1)
}
