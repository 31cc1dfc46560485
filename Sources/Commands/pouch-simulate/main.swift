// Places pods of Kubernetes YAML, or replays a trace, without touching a pool. `pouch simulate` starts it.
internal import ClusterModel
internal import Glibc
internal import LinuxKernel
internal import Scheduling
internal import Simulation

let usage = """
    Usage: pouch simulate [OPTIONS] FILE.yaml...
           pouch simulate TRACE.csv --nodes POOL.yaml [SCHEDULER.yaml] [-o FOLDER]
           pouch simulate --generate TASKS [--hours H] [--seed N] > TRACE.csv

    Reads nodes and pods as Kubernetes YAML, prints where each pod would go and why others stay pending; or replays a
    trace (Alibaba 2018 batch_task, Google 2019 instance_events) in virtual time. A KubeSchedulerConfiguration among
    the files says how the scheduler is to behave: profiles, queues, quotas, overcommit.

    Options:
          --nodes FILE     Nodes and node pools (also with YAML files of pods)
      -o, --output FOLDER  Write charts of use, waiting and fairness there
          --machine N      Processors of the largest machine of a Google trace (default 64)
    """

/// The command line, taken apart.
struct Arguments {
    var files: [String] = []
    var options: [String: String] = [:]

    init(_ words: [String]) throws(ManifestError) {
        let known = ["--nodes", "-o", "--output", "--machine", "--generate", "--hours", "--seed"]
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "-h" || word == "--help" {
                print(usage)
                exit(0)
            }
            guard word.hasPrefix("-") else {
                files.append(word)
                continue
            }
            guard known.contains(word), let value = rest.popFirst() else {
                throw ManifestError(word, known.contains(word) ? "needs a value" : "there is no such option")
            }
            options[word == "--output" ? "-o" : word] = value
        }
    }

    func number(_ name: String, default fallback: Double, most: Double) throws(ManifestError) -> Double {
        guard let text = options[name] else { return fallback }
        guard let value = Double(text), value > 0, value <= most else {
            throw ManifestError(name, "expected a number above zero and up to \(Figures.text(most))")
        }
        return value
    }
}

func complain(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(2, bytes, bytes.count)
}

func text(_ path: String) throws -> String {
    String(decoding: try WholeFile.read(path), as: UTF8.self)
}

func generate(_ arguments: Arguments) throws {
    let trace = Trace.synthetic(
        tasks: Int(try arguments.number("--generate", default: 1000, most: 1e7)),
        hours: try arguments.number("--hours", default: 24, most: 24 * 366),
        seed: UInt64(try arguments.number("--seed", default: 1, most: 1e15)))
    print(trace.alibabaCSV, terminator: "")
}

func replay(_ path: String, _ arguments: Arguments) throws {
    let manifests = try manifests(arguments)
    guard !manifests.nodes.isEmpty else { throw ManifestError("--nodes", "a trace needs nodes") }
    let trace = try Trace(
        csv: try text(path), name: path, machine: try arguments.number("--machine", default: 64, most: 1e6))
    let result = Replay(trace, on: manifests.nodes, configuration: manifests.configuration)
    print(Figures.table(result.table))
    print("\n\(result.placed) placed, \(result.unplaced) never placed, \(result.evicted) evicted")
    guard let folder = arguments.options["-o"] else { return }
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
        throw ManifestError(folder, "cannot be made: \(String(cString: strerror(errno)))")
    }
    for chart in result.charts {
        try WholeFile.replace("\(folder)/\(chart.name)", with: Array(chart.svg.utf8), mode: 0o644)
    }
    print("charts are in \(folder)")
}

/// What all YAML files among the arguments say together.
func manifests(_ arguments: Arguments) throws -> Manifests {
    var manifests = Manifests()
    let files = arguments.files.filter { !$0.hasSuffix(".csv") }
    for path in [arguments.options["--nodes"]].compactMap({ $0 }) + files {
        try manifests.read(try text(path), name: path)
    }
    try manifests.finish()
    return manifests
}

func place(_ arguments: Arguments) throws {
    let placements = Placements(try manifests(arguments))
    print(Figures.table(placements.table))
    for paragraph in placements.pending { print("\n" + paragraph) }
}

do {
    let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
    if arguments.options["--generate"] != nil {
        try generate(arguments)
    } else if let trace = arguments.files.first(where: { $0.hasSuffix(".csv") }) {
        guard arguments.files.count(where: { $0.hasSuffix(".csv") }) == 1 else {
            throw ManifestError(trace, "one trace at a time")
        }
        try replay(trace, arguments)
    } else if arguments.files.isEmpty {
        complain(usage)
        exit(2)
    } else {
        try place(arguments)
    }
} catch {
    complain("pouch simulate: \(error)")
    exit(1)
}
