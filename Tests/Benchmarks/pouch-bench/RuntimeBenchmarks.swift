internal import Glibc
internal import JSON
internal import Seccomp
internal import TestSupport

/// `pouch-runtime` against crun and runc on the same bundle.
///
/// Runs in a mount namespace without `/sys/fs/cgroup/unified`, because crun refuses a hybrid layout.
struct RuntimeBenchmarks {
    var runtime: String
    var rounds: Int

    func run(into report: inout Report) throws {
        try withScratchDirectorySync { folder in
            let runtimes =
                [("pouch", runtime)]
                + ["crun", "runc"].compactMap { name in Executables.tool(name).map { (name, $0) } }
            let bundle = try makeBundle(in: folder)
            let contestants = runtimes.map {
                Runtime(name: $0.0, program: $0.1, bundle: bundle.path, root: "\(folder)/root-\($0.0)")
            }
            compare(
                "runtime.run", try contest(contestants.map(\.runTrue), rounds: rounds), bar: .atMost(0.8), into: &report
            )
            compare(
                "runtime.create", try contest(contestants.map(\.createOnly), rounds: rounds), bar: .atMost(0.8),
                into: &report)
            try compareExec(contestants, folder: folder, into: &report)
        }
    }

    private func compareExec(_ contestants: [Runtime], folder: String, into report: inout Report) throws {
        let sleeper = try makeSleeper(in: "\(folder)/sleeper")
        let sleepers = contestants.map {
            Runtime(name: $0.name, program: $0.program, bundle: sleeper.path, root: $0.root)
        }
        for one in sleepers { try must(one.words("run", "--detach", "--bundle", one.bundle, "sleeper-\(one.name)")) }
        defer { for one in sleepers { _ = try? must(one.words("delete", "--force", "sleeper-\(one.name)")) } }
        let exec = sleepers.map { one in
            Contestant(name: one.name) { _ in try must(one.words("exec", "sleeper-\(one.name)", "/bin/true")) }
        }
        compare("runtime.exec", try contest(exec, rounds: rounds), bar: .atMost(0.9), into: &report)
    }

    private func compare(_ name: String, _ medians: [String: Double], bar: Bar, into report: inout Report) {
        guard let ours = medians["pouch"] else { return }
        let crun = medians["crun"].map { (name: "crun", value: $0) }
        report.add(Row(name: name, value: ours, unit: "ms", peer: crun, bar: crun == nil ? .none : bar))
        if let runc = medians["runc"] {
            report.add(
                Row(name: "\(name).vs-runc", value: ours, unit: "ms", peer: (name: "runc", value: runc), bar: .none))
        }
    }

    private func makeBundle(in folder: String) throws -> Bundle {
        var bundle = try Bundle(in: folder, running: ["/bin/true"])
        try limit(&bundle)
        return bundle
    }

    private func makeSleeper(in folder: String) throws -> Bundle {
        mkdir(folder, 0o755)
        var bundle = try Bundle(in: folder, running: ["/bin/sleep", "3600"])
        try limit(&bundle)
        return bundle
    }

    /// All namespaces, the default seccomp profile, memory and pids limits.
    private func limit(_ bundle: inout Bundle) throws {
        guard var config = bundle.config.objectValue, var linux = config["linux"]?.objectValue else { return }
        linux["namespaces"] = [
            ["type": "pid"], ["type": "network"], ["type": "ipc"], ["type": "uts"], ["type": "mount"],
            ["type": "cgroup"],
        ]
        linux["resources"] = [
            "devices": [["allow": false, "access": "rwm"]], "memory": ["limit": 268_435_456], "pids": ["limit": 512],
        ]
        linux["seccomp"] = SeccompProfile.default().json
        config["linux"] = .object(linux)
        config["ociVersion"] = "1.0.2"  // Debian's crun knows nothing newer
        bundle.config = .object(config)
        try bundle.write()
    }
}

/// One OCI runtime and the folder it keeps its state in.
private struct Runtime {
    var name: String
    var program: String
    var bundle: String
    var root: String

    func words(_ more: String...) -> [String] { [program, "--root", root] + more }

    var runTrue: Contestant {
        Contestant(name: name) { round in try must(words("run", "--bundle", bundle, "run-\(name)-\(round)")) }
    }

    var createOnly: Contestant {
        Contestant(
            name: name,
            run: { round in
                // The container keeps the streams it was created with, and a pipe of ours would be waited for.
                let create = words("create", "--bundle", bundle, "create-\(name)-\(round)")
                try must(["sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"] + create)
            },
            finish: { round in try must(words("delete", "--force", "create-\(name)-\(round)")) })
    }
}
