import Glibc
import LinuxKernel
import TestSupport

/// What is under way when pouchd is killed.
enum KilledWork: String, CaseIterable {
    case pull, push, load, build, commit, collect
}

/// A daemon that is killed at random moments of its work, and what it may not have lost then.
///
/// `big` is an image of four layers that do not shrink; it is in the registry, in an archive and, but for pulls, here.
struct KillRig {
    static let layers = 4
    static let layerSize = 3 << 20

    let daemon: Daemon
    let registry: DebianRegistry

    var big: String { "\(registry.authority)/big/image:1" }
    var archive: String { "\(daemon.folder)/big.tar" }
    private var data: String { "\(daemon.folder)/data" }

    // MARK: preparing

    /// Makes the image, pushes and saves it.
    func prepare() async throws {
        let folder = "\(daemon.folder)/big"
        let script = """
            mkdir "$0" && cd "$0" && echo FROM busybox >Dockerfile
            for layer in $(seq $1); do
                head -c $2 /dev/urandom >f$layer; echo "COPY f$layer /" >>Dockerfile
            done
            """
        try await must(["sh", "-c", script, folder, "\(Self.layers)", "\(Self.layerSize)"])
        try await must(["build", "-q", "-t", big, folder])
        try await must(["push", "-q", big])
        try await must(["save", "-o", archive, big])
    }

    /// Runs a program, or `pouch` with these words, which has to succeed.
    @discardableResult
    func must(_ words: [String]) async throws -> String {
        let result = words[0] == "sh" ? try await run(words) : try await daemon.pouch(words)
        guard result.status == 0 else { throw RigFailure(result: result) }
        return result.trimmed
    }

    /// Makes ready what `work` needs to be done for the `round`th time, and says which command does it.
    func command(_ work: KilledWork, _ round: Int) async throws -> [String] {
        switch work {
        case .pull:
            return ["pull", big]
        case .push:
            try await must(["tag", big, pushed(round)])
            return ["push", pushed(round)]
        case .load:
            _ = try await daemon.pouch("rmi", "-f", big)
            return ["load", "-i", archive]
        case .build:
            let script = """
                rm -rf "$0" && mkdir "$0" && cd "$0" && head -c 2000000 /dev/urandom >f
                printf 'FROM busybox\\nCOPY f /f\\nRUN cp /f /g && echo %s >/round\\nRUN test -s /g\\n' $1 >Dockerfile
                """
            try await must(["sh", "-c", script, "\(daemon.folder)/context", "\(round)"])
            return ["build", "--network", "none", "-t", "built:\(round)", "\(daemon.folder)/context"]
        case .commit:
            if try await daemon.pouch("inspect", "source").status != 0 {
                let write = "head -c 8000000 /dev/urandom >/f && md5sum /f >/sum"
                try await must(["run", "--network", "none", "--name", "source", "busybox", "sh", "-c", write])
            }
            return ["commit", "source", "committed:\(round)"]
        case .collect:
            try await must(["load", "-i", archive])
            try await must(["tag", "busybox", "kept:1"])
            return ["rmi", "-f", big]
        }
    }

    func pushed(_ round: Int) -> String { "\(registry.authority)/copy\(round)/image:1" }

    // MARK: killing

    /// Does `work` and kills the daemon after `moment`; gives what the client was told, after the daemon is back.
    func killed(_ command: [String], after moment: Duration) async throws -> CommandResult? {
        async let answer = try? daemon.pouch(command)
        try await Task.sleep(for: moment)
        await daemon.end(signal: SIGKILL)
        let told = await answer
        try await daemon.start()
        return told
    }

    // MARK: what must be true afterwards

    /// Names what is wrong with the daemon that came back; empty when nothing is.
    func faults() async throws -> [String] {
        var faults: [String] = []
        let check = try await daemon.pouch("system", "check")
        if check.status != 0 { faults.append("check: \(check)") }
        // Whatever is listed is whole: its files can be seen.
        let listed = try await must(["images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"])
        for line in listed.split(separator: "\n") where !line.hasPrefix("<none>") {
            let name = String(line.prefix { $0 != " " })
            let made = try await daemon.pouch("create", "--network", "none", name, "true")
            let copied = try await daemon.pouch("cp", "\(made.trimmed):/bin/busybox", "\(daemon.folder)/seen")
            if made.status != 0 || copied.status != 0 { faults.append("\(name): \(made) \(copied)") }
            _ = try await daemon.pouch("rm", made.trimmed)
        }
        let left = try await run([
            "find", "\(data)/content/ingest", "\(data)/tmp", "\(data)/build/work", "-mindepth", "1", "!", "-name",
            "partial-*",
        ])
        if !left.output.isEmpty { faults.append("left behind: \(left.output)") }
        return faults
    }

    func has(_ name: String) async throws -> Bool { try await daemon.pouch("image", "inspect", name).status == 0 }

    /// The digests of whole blobs here, in hexadecimal.
    func blobs() throws -> Set<String> { Set(try Files.list("\(data)/content/blobs/sha256")) }

    /// Those of them that are `big`'s layers, or as large.
    func layerBlobs() throws -> Set<String> {
        try blobs().filter { try Files.status("\(data)/content/blobs/sha256/\($0)").size > Self.layerSize - 100_000 }
    }

    /// Bytes that are here of blobs that are not whole, by their digests.
    func partials() throws -> [String: Int64] {
        var sizes: [String: Int64] = [:]
        for name in try Files.list("\(data)/content/ingest") where name.hasPrefix("partial-sha256-") {
            sizes[String(name.dropFirst("partial-sha256-".count))] = try Files.status("\(data)/content/ingest/\(name)")
                .size
        }
        return sizes
    }

    /// What the registry gave of blobs since its `count`th line: digest, status and bytes of each answer.
    func fetches(since count: Int) -> [(digest: String, status: Int, bytes: Int64)] {
        registry.fetches.dropFirst(count).compactMap { line in
            guard let digest = line.firstRange(of: "/blobs/sha256:").map({ line[$0.upperBound...].prefix(64) }),
                let end = line.firstRange(of: "HTTP/1.1\" ")
            else { return nil }
            let words = line[end.upperBound...].split(separator: " ")
            guard words.count >= 2, let status = Int(words[0]), let bytes = Int64(words[1]) else { return nil }
            return (String(digest), status, bytes)
        }
    }
}
