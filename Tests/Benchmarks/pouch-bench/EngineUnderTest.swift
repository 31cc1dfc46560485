internal import DockerClient
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import TestSupport

/// A daemon with its own roots and the command line that talks to it.
struct EngineUnderTest {
    var name: String
    var client: [String]
    var socket: String
    /// Removed with the engine.
    var execRoot: String
    var process: RunningCommand

    var pid: Int32 { process.pid }

    func words(_ more: String...) -> [String] { client + more }

    /// `isolated` gives it a network of its own.
    static func pouch(
        bin: String, folder: String, isolated: Bool = false, flags: [String] = []
    ) throws -> EngineUnderTest {
        try must(["mkdir", "-p", folder])
        let socket = "\(folder)/pouchd.sock"
        let execRoot = "\(volatileFolder)/pouch-bench-\(getpid())-\(folder.split(separator: "/").last ?? "")"
        let process = try RunningCommand(
            quiet(
                ["\(bin)/pouchd", "--data-root", "\(folder)/data", "--exec-root", execRoot, "-H", "unix://\(socket)"]
                    + flags,
                log: "\(folder)/log", isolated))
        let engine = EngineUnderTest(
            name: "pouch", client: ["\(bin)/pouch", "-H", "unix://\(socket)"], socket: socket,
            execRoot: execRoot, process: process)
        try engine.waitUntilReady(log: "\(folder)/log")
        return engine
    }

    /// Debian's or Docker's dockerd, without networks unless it is isolated; `nil` where none is installed.
    static func docker(folder: String, isolated: Bool = false) throws -> EngineUnderTest? {
        guard let daemon = Executables.tool("dockerd"), let client = Executables.tool("docker") else { return nil }
        try must(["mkdir", "-p", folder])
        let socket = "\(folder)/docker.sock"
        let execRoot = "\(volatileFolder)/docker-bench-\(getpid())"
        let process = try RunningCommand(
            quiet(
                [
                    daemon, "--data-root", "\(folder)/data", "--exec-root", execRoot, "-p", "\(folder)/pid",
                    "-H",
                    "unix://\(socket)",
                ] + (isolated ? [] : ["--bridge", "none", "--iptables=false", "--ip6tables=false"]),
                log: "\(folder)/log", isolated))
        let engine = EngineUnderTest(
            name: "docker", client: [client, "-H", "unix://\(socket)"], socket: socket,
            execRoot: execRoot, process: process)
        try engine.waitUntilReady(log: "\(folder)/log")
        return engine
    }

    /// Exec roots belong on a tmpfs, which /run is on most machines and not on all.
    private static let volatileFolder: String = {
        let mounts = (try? WholeFile.read("/proc/self/mounts")) ?? []
        return String(decoding: mounts, as: UTF8.self).contains(" /run tmpfs ") ? "/run" : "/dev/shm"
    }()

    private static func quiet(_ words: [String], log: String, _ isolated: Bool) -> [String] {
        let enter = isolated ? ["unshare", "--net", "sh", "-c", "ip link set lo up; exec \"$@\"", "sh"] : []
        return ["/bin/sh", "-c", "exec \"$@\" >\"\(log)\" 2>&1", "sh"] + enter + words
    }

    private func waitUntilReady(log: String) throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline, kill(pid, 0) == 0 {
            if try runBlocking(words("version")).status == 0 { return }
            usleep(50_000)
        }
        throw DaemonNotReady(log: String(decoding: (try? WholeFile.read(log))?.suffix(2000) ?? [], as: UTF8.self))
    }

    /// Creates and starts `count` containers over one connection; returns how many a second.
    func startMany(_ count: Int) throws -> Double {
        let connection = DockerClient(try Endpoint(parsing: "unix://\(socket)"))
        let body: JSONValue = ["Image": "busybox", "Cmd": ["sleep", "3600"], "HostConfig": ["NetworkMode": "none"]]
        let elapsed = try ContinuousClock().measure {
            for index in 0..<count {
                let created = try connection.post("/v1.41/containers/create", ["name": "many-\(index)"], body)
                let id = try JSONValue(parsing: created.body)["Id"]?.stringValue ?? ""
                try connection.post("/v1.41/containers/\(id)/start")
            }
        }
        return Double(count) * 1000 / milliseconds(elapsed)
    }

    func removeAll() throws {
        let ids = try must(words("ps", "-aq")).output.split(separator: "\n").map(String.init)
        if !ids.isEmpty { try must(client + ["rm", "-f"] + ids) }
    }

    func stop() {
        try? removeAll()
        process.signal(SIGTERM)
        _ = process.finish(timeout: .seconds(20))
        _ = try? runBlocking(["rm", "-rf", execRoot])
    }
}

/// The processes whose command line (words ended by NUL) contains `words`.
func processes(whose words: String) throws -> [Int32] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [Int32] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let pid = Int32(name), let line = try? WholeFile.read("/proc/\(pid)/cmdline") else { continue }
        if String(decoding: line, as: UTF8.self).contains(words) { found.append(pid) }
    }
    return found
}

/// Proportional set size: shared pages count in parts.
///
/// Source: proc(5), smaps_rollup.
func proportionalMegabytes(_ pid: Int32) -> Double {
    guard let text = try? WholeFile.read("/proc/\(pid)/smaps_rollup") else { return 0 }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("Pss:") } ?? ""
    return Double(line.split(separator: " ").dropFirst().first ?? "0").map { $0 / 1024 } ?? 0
}
