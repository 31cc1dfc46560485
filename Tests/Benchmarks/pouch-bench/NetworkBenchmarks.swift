internal import DockerClient
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import TestSupport

/// Bridges, published ports and rules, `pouchd` against dockerd, each on a network of its own.
struct NetworkBenchmarks {
    var bin: String
    var rounds: Int

    func run(into report: inout Report) throws {
        try withScratchDirectorySync { folder in
            var engines = [try EngineUnderTest.pouch(bin: bin, folder: "\(folder)/pouch", isolated: true)]
            if let docker = try EngineUnderTest.docker(folder: "\(folder)/docker", isolated: true) {
                engines.append(docker)
            }
            defer { for engine in engines { engine.stop() } }
            try makeImages(engines, in: folder)
            try foreground(engines, into: &report)
            try throughput(engines, into: &report)
            // Its log says what each stage of a start took.
            let talkative = try EngineUnderTest.pouch(
                bin: bin, folder: "\(folder)/scale", isolated: true, flags: ["--log-level", "debug"])
            defer { talkative.stop() }
            try must(talkative.words("import", "--change", "CMD [\"sh\"]", "\(folder)/busybox.tar", "busybox:latest"))
            try scale(talkative, log: "\(folder)/scale/log", into: &report)
        }
    }

    /// busybox, and an image with iperf3 and the libraries that it wants.
    private func makeImages(_ engines: [EngineUnderTest], in folder: String) throws {
        let root = "\(folder)/root"
        try Bundle.makeRootfs(root)
        try must(["tar", "-C", root, "-cf", "\(folder)/busybox.tar", "."])
        let script = """
            cp "$1" "$2/bin/iperf3"
            for library in $(ldd "$1" | grep -o '/[^ ]*'); do
                mkdir -p "$2/$(dirname $library)"; cp -L "$library" "$2/$library"
            done
            """
        if let iperf = Executables.tool("iperf3") {
            try must(["sh", "-c", script, "sh", iperf, root])
        }
        try must(["tar", "-C", root, "-cf", "\(folder)/iperf.tar", "."])
        for engine in engines {
            for image in ["busybox", "iperf"] {
                try must(
                    engine.words("import", "--change", "CMD [\"sh\"]", "\(folder)/\(image).tar", "\(image):latest"))
            }
        }
    }

    private func foreground(_ engines: [EngineUnderTest], into report: inout Report) throws {
        let contestants = engines.map { engine in
            Contestant(name: engine.name) { _ in
                try must(engine.words("run", "--rm", "-p", "8080:80", "busybox", "true"))
            }
        }
        let medians = try contest(contestants, rounds: rounds)
        compare("engine.run.bridge", "ms", medians, bar: .atMost(1 / 10), into: &report)
    }

    /// Gigabits in a second from one container to another.
    private func throughput(_ engines: [EngineUnderTest], into report: inout Report) throws {
        guard Executables.tool("iperf3") != nil else { return }
        var addresses: [String: String] = [:]
        for engine in engines {
            try must(engine.words("run", "-d", "--name", "server", "iperf", "iperf3", "-s"))
            addresses[engine.name] = try must(
                engine.words("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "server")
            ).trimmed
        }
        var rates: [String: [Double]] = [:]
        // A machine's rate wanders by a quarter within a minute: short turns, and who begins changes.
        for round in 0..<13 {
            for engine in round % 2 == 0 ? engines : engines.reversed() {
                let words = engine.words(
                    "run", "--rm", "iperf", "iperf3", "-J", "-t", "1", "-c", addresses[engine.name] ?? "")
                let said = try JSONValue(parsing: Array(try must(words).output.utf8))
                let rate = said["end"]?["sum_received"]?["bits_per_second"]?.doubleValue ?? 0
                if round > 0 { rates[engine.name, default: []].append(rate / 1e9) }
            }
        }
        for engine in engines { try must(engine.words("rm", "-f", "server")) }
        compare("network.throughput", "Gbit/s", rates.mapValues(\.median), bar: .atLeast(1), into: &report)
    }

    /// A thousand containers with an address and a published port: what the last hundred starts take beside the first, and what of
    /// that is for links, addresses and rules.
    private func scale(_ engine: EngineUnderTest, log: String, into report: inout Report) throws {
        let connection = DockerClient(try Endpoint(parsing: "unix://\(engine.socket)"))
        var hundreds: [Double] = []
        for hundred in 0..<10 {
            var ids: [String] = []
            for index in 0..<100 {
                let number = hundred * 100 + index
                let binding: JSONValue = ["80/tcp": [["HostPort": .string("\(20000 + number)")]]]
                let body: JSONValue = [
                    "Image": "busybox", "Cmd": ["sleep", "3600"], "HostConfig": ["PortBindings": binding],
                ]
                let created = try connection.post("/v1.41/containers/create", ["name": "scale-\(number)"], body)
                ids.append(try JSONValue(parsing: created.body)["Id"]?.stringValue ?? "")
            }
            let elapsed = try ContinuousClock().measure {
                for id in ids { try connection.post("/v1.41/containers/\(id)/start") }
            }
            hundreds.append(milliseconds(elapsed) / 100)
        }
        let setUp = try Self.networkTimes(log)
        guard setUp.count == 1000 else { throw DaemonNotReady(log: "\(setUp.count) of 1000 starts are in \(log)") }
        func row(_ name: String, _ first: Double, _ last: Double, _ bar: Bar) -> Row {
            Row(name: name, value: last, unit: "ms", peer: (name: "first 100", value: first), bar: bar)
        }
        report.add(row("network.scale", hundreds[0], hundreds[9], .atMost(1.3)))
        // Of which: the kernel looks at all ports of a bridge when it gets one more.
        let (first, last) = (Array(setUp.prefix(100)).median, Array(setUp.suffix(100)).median)
        report.add(row("network.scale.stage", first, last, .none))
        try engine.removeAll()
    }

    /// Milliseconds for links, addresses and rules of each container, in the order of their starts.
    private static func networkTimes(_ log: String) throws -> [Double] {
        String(decoding: try WholeFile.read(log), as: UTF8.self).split(separator: "\n").compactMap { line in
            guard line.contains("msg=\"started\""), let word = line.firstRange(of: " network=") else { return nil }
            return Double(line[word.upperBound...].prefix { $0 != "m" })
        }
    }

    private func compare(
        _ name: String, _ unit: String, _ figures: [String: Double], bar: Bar, into report: inout Report
    ) {
        guard let ours = figures["pouch"] else { return }
        let docker = figures["docker"].map { (name: "docker", value: $0) }
        report.add(Row(name: name, value: ours, unit: unit, peer: docker, bar: docker == nil ? .none : bar))
    }
}
