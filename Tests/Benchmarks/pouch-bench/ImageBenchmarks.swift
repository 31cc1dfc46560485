internal import Glibc
internal import LinuxKernel
internal import TestSupport

/// Pulling and loading an image of five layers, about 300 MB of gzip, against docker: time, memory and what is written.
struct ImageBenchmarks {
    var bin: String
    var rounds: Int

    private static let authority = "127.0.0.1:21099"
    private static let image = "\(authority)/bench/large:1"

    func run(into report: inout Report) throws {
        guard Executables.tool("docker-registry") != nil else {
            return print("image: docker-registry is not installed")
        }
        try withScratchDirectorySync { folder in
            let registry = try startRegistry(in: folder)
            defer {
                registry.signal(SIGTERM)
                _ = registry.finish(timeout: .seconds(20))
            }
            var engines = [try EngineUnderTest.pouch(bin: bin, folder: "\(folder)/pouch")]
            if let docker = try EngineUnderTest.docker(folder: "\(folder)/docker") { engines.append(docker) }
            defer { for engine in engines { engine.stop() } }
            try makeImage(in: folder, engines[0])
            try pull(engines, folder, into: &report)
            try load(engines, folder, into: &report)
        }
    }

    private func startRegistry(in folder: String) throws -> RunningCommand {
        let settings = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(folder)/registry}}
            http: {addr: "\(Self.authority)"}

            """
        try WholeFile.replace("\(folder)/registry.yml", with: Array(settings.utf8))
        let log = "\(folder)/registry.log"
        let process = try RunningCommand([
            "/bin/sh", "-c", "exec docker-registry serve \"$1\" >\"$2\" 2>&1", "sh", "\(folder)/registry.yml", log,
        ])
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if try runBlocking(["curl", "-sf", "http://\(Self.authority)/v2/"]).status == 0 { return process }
            usleep(50_000)
        }
        throw DaemonNotReady(log: "docker-registry does not answer")
    }

    /// Files of which three quarters do not shrink, in five archives; docker's form of an image, loaded and pushed.
    private func makeImage(in folder: String, _ engine: EngineUnderTest) throws {
        let script = """
            set -e; cd "$1"; mkdir -p image; names=""
            for l in 0 1 2 3 4; do
                mkdir -p tree/l$l
                for f in $(seq 80); do
                    head -c 750000 /dev/urandom >tree/l$l/f$f; yes "layer $l file $f" | head -c 250000 >>tree/l$l/f$f
                done
                tar -C tree -cf image/$l.tar l$l; rm -r tree/l$l
                ids="$ids${ids:+,}\\"sha256:$(sha256sum <image/$l.tar | cut -c1-64)\\""
                gzip -6 -n image/$l.tar; names="$names${names:+,}\\"$l.tar.gz\\""
            done
            printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
                "$2" "$ids" >image/config.json
            printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":[%s]}]' "$3" "$names" >image/manifest.json
            tar -C image -cf large.tar manifest.json config.json 0.tar.gz 1.tar.gz 2.tar.gz 3.tar.gz 4.tar.gz
            """
        let architecture = try must(["uname", "-m"]).trimmed == "aarch64" ? "arm64" : "amd64"
        try must(["/bin/sh", "-c", script, "sh", folder, architecture, Self.image])
        try must(engine.words("load", "-q", "-i", "\(folder)/large.tar"))
        try must(engine.words("push", "-q", Self.image))
        try must(engine.words("rmi", "-f", Self.image))
    }

    private func pull(_ engines: [EngineUnderTest], _ folder: String, into report: inout Report) throws {
        for engine in engines { resetPeak(engine.pid) }
        let before = written(engines[0].pid)
        let contestants = engines.map { engine in
            Contestant(
                name: engine.name, prepare: { _ in sync() },
                run: { _ in try must(engine.words("pull", "-q", Self.image)) },
                finish: { _ in
                    sync()
                    try must(engine.words("rmi", "-f", Self.image))
                })
        }
        let turns = min(rounds, 5)
        let medians = try contest(contestants, rounds: turns)
        compare("image.pull", medians, bar: .atMost(0.5), into: &report)
        report.add(
            Row(
                name: "image.pull.memory", value: peakMegabytes(engines[0].pid), unit: "MB peak RSS", peer: nil,
                bar: .atMost(60)))
        let perPull = Double(written(engines[0].pid) - before) / Double(turns + 2)
        let expected = try pulledBytes(engines[0], folder)
        report.add(
            Row(
                name: "image.pull.written", value: perPull / expected, unit: "of blobs + files", peer: nil,
                bar: .atMost(1.05)))
    }

    /// Blobs kept and files unpacked by one pull.
    private func pulledBytes(_ engine: EngineUnderTest, _ folder: String) throws -> Double {
        try must(engine.words("pull", "-q", Self.image))
        defer { _ = try? must(engine.words("rmi", "-f", Self.image)) }
        return try ["content/blobs", "layers"].reduce(0) { sum, part in
            let told = try must(["du", "-sB1", "\(folder)/pouch/data/\(part)"]).output
            return sum + (Double(told.split(separator: "\t").first ?? "") ?? 0)
        }
    }

    private func load(_ engines: [EngineUnderTest], _ folder: String, into report: inout Report) throws {
        let contestants = engines.map { engine in
            Contestant(
                name: engine.name, prepare: { _ in sync() },
                run: { _ in try must(engine.words("load", "-q", "-i", "\(folder)/large.tar")) },
                finish: { _ in try must(engine.words("rmi", "-f", Self.image)) })
        }
        compare("image.load", try contest(contestants, rounds: min(rounds, 5)), bar: .atMost(0.6), into: &report)
    }

    private func compare(_ name: String, _ medians: [String: Double], bar: Bar, into report: inout Report) {
        guard let ours = medians["pouch"] else { return }
        let docker = medians["docker"].map { (name: "docker", value: $0) }
        report.add(Row(name: name, value: ours, unit: "ms", peer: docker, bar: docker == nil ? .none : bar))
    }

    /// Lets the kernel's mark of the highest resident size begin anew.
    ///
    /// Source: proc(5), clear_refs.
    private func resetPeak(_ pid: Int32) { try? WholeFile.set("/proc/\(pid)/clear_refs", to: "5") }

    private func peakMegabytes(_ pid: Int32) -> Double { field("VmHWM:", in: "/proc/\(pid)/status") / 1024 }

    private func written(_ pid: Int32) -> Int64 { Int64(field("write_bytes:", in: "/proc/\(pid)/io")) }

    private func field(_ name: String, in file: String) -> Double {
        let text = String(decoding: (try? WholeFile.read(file)) ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        let word = line.split { $0 == " " || $0 == "\t" }.dropFirst().first
        return word.flatMap { Double($0) } ?? 0
    }
}
