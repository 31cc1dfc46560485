internal import DockerClient
internal import Glibc
internal import JSON
internal import TestSupport

/// `pouchd` with `pouch` against dockerd with docker: whole commands, many starts, memory beside idle containers.
struct EngineBenchmarks {
    var bin: String
    var rounds: Int

    func run(into report: inout Report) throws {
        try withScratchDirectorySync { folder in
            let engines = try startEngines(in: folder)
            defer { for engine in engines { engine.stop() } }
            try foreground(engines, into: &report)
            try exec(engines, into: &report)
            try starts(engines, into: &report)
        }
    }

    private func startEngines(in folder: String) throws -> [EngineUnderTest] {
        let archive = "\(folder)/busybox.tar"
        try Bundle.makeRootfs("\(folder)/busybox")
        try must(["tar", "-C", "\(folder)/busybox", "-cf", archive, "."])
        var engines = [try EngineUnderTest.pouch(bin: bin, folder: "\(folder)/pouch")]
        if let docker = try EngineUnderTest.docker(folder: "\(folder)/docker") { engines.append(docker) }
        for engine in engines {
            try must(engine.words("import", "--change", "CMD [\"sh\"]", archive, "busybox:latest"))
        }
        return engines
    }

    private func foreground(_ engines: [EngineUnderTest], into report: inout Report) throws {
        let contestants = engines.map { engine in
            Contestant(name: engine.name) { _ in
                try must(engine.words("run", "--rm", "--network", "none", "busybox", "true"))
            }
        }
        let medians = try contest(contestants, rounds: rounds)
        compare("engine.run.none", medians, bar: .atMost(1 / 15), into: &report)
        if let ours = medians["pouch"] {
            report.add(Row(name: "engine.run.none.quiet", value: ours, unit: "ms", peer: nil, bar: .atMost(15)))
        }
    }

    private func exec(_ engines: [EngineUnderTest], into report: inout Report) throws {
        for engine in engines {
            try must(engine.words("run", "-d", "--network", "none", "--name", "bench-exec", "busybox", "sleep", "3600"))
        }
        let contestants = engines.map { engine in
            Contestant(name: engine.name) { _ in try must(engine.words("exec", "bench-exec", "true")) }
        }
        compare("engine.exec", try contest(contestants, rounds: rounds), bar: .atMost(1 / 8), into: &report)
        for engine in engines { try must(engine.words("rm", "-f", "bench-exec")) }
    }

    /// A hundred detached starts: over one connection, then by a hundred commands; the first hundred stay for the scales.
    private func starts(_ engines: [EngineUnderTest], into report: inout Report) throws {
        var perSecond: [String: Double] = [:]
        var byCommand: [String: Double] = [:]
        for engine in engines {
            perSecond[engine.name] = try engine.startMany(100)
            if engine.name == "pouch" { try weigh(engine, into: &report) }
            try engine.removeAll()
            let elapsed = try ContinuousClock().measure {
                for _ in 0..<100 {
                    try must(engine.words("run", "-d", "--network", "none", "busybox", "sleep", "3600"))
                }
            }
            byCommand[engine.name] = 100_000 / milliseconds(elapsed)
            try engine.removeAll()
        }
        for (name, rates, least) in [("engine.starts", perSecond, 100.0), ("engine.starts.commands", byCommand, 60)] {
            guard let ours = rates["pouch"] else { continue }
            report.add(Row(name: name, value: ours, unit: "per second", peer: nil, bar: .atLeast(least)))
            if let docker = rates["docker"] {
                report.add(
                    Row(
                        name: "\(name).vs-docker", value: ours, unit: "per second", peer: ("docker", docker), bar: .none
                    ))
            }
        }
    }

    private func weigh(_ engine: EngineUnderTest, into report: inout Report) throws {
        sleep(3)  // a shim that has been left alone for a moment gives back what its start needed
        // The nursery's share is theirs, too.
        let shims = try processes(whose: "pouch-runtime\0shim\0").map(proportionalMegabytes)
        let nursery = try processes(whose: "pouch-runtime\0nursery\0").map(proportionalMegabytes)
        report.add(
            Row(
                name: "shim.memory", value: (shims + nursery).reduce(0, +) / Double(max(1, shims.count)),
                unit: "MB PSS", peer: nil,
                bar: .atMost(0.3)))
        report.add(
            Row(
                name: "engine.memory", value: proportionalMegabytes(engine.pid), unit: "MB PSS", peer: nil,
                bar: .atMost(60)))
    }

    private func compare(_ name: String, _ medians: [String: Double], bar: Bar, into report: inout Report) {
        guard let ours = medians["pouch"] else { return }
        let docker = medians["docker"].map { (name: "docker", value: $0) }
        report.add(Row(name: name, value: ours, unit: "ms", peer: docker, bar: docker == nil ? .none : bar))
    }
}
