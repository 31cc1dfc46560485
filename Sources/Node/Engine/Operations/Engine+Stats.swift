internal import Cgroups
internal import DiskQuota
internal import LinuxKernel
internal import Units
internal import Volumes

extension Engine {
    /// Samples of what a container uses: one each second while `stream`, else one; a difference needs two, so unless `oneShot` the
    /// first comes after a second.
    package func stats(_ reference: String, stream: Bool, oneShot: Bool) async throws(EngineError) -> AsyncStream<Stats>
    {
        let container = try await container(reference)
        let sampler = StatsSampler(
            container: container, cgroup: await container.cgroupPath, machine: services.machine)
        let feed = StatsFeed(sampler: sampler, stream: stream, oneShot: oneShot)
        return AsyncStream(unfolding: { await feed.next() })
    }
}

/// One reader's samples.
private actor StatsFeed {
    private let sampler: StatsSampler
    private let stream: Bool
    private let oneShot: Bool
    private var last: Stats?
    private var isOver = false

    init(sampler: StatsSampler, stream: Bool, oneShot: Bool) {
        self.sampler = sampler
        self.stream = stream
        self.oneShot = oneShot
    }

    func next() async -> Stats? {
        if isOver { return nil }
        if last == nil, !oneShot, sampler.isRunning {
            last = sampler.sample(after: nil)
            last?.storage.diskQuota = await sampler.diskQuota()
            // The first of a stream is shown at once, so that a table is not empty for a second.
            if stream { return last }
        }
        if last != nil || (stream && !sampler.isRunning) {
            guard (try? await Task.sleep(for: .seconds(1))) != nil, sampler.exists else { return nil }
        }
        var sample = sampler.sample(after: last)
        sample.storage.diskQuota = await sampler.diskQuota()
        last = sample
        isOver = !stream
        return sample
    }
}

/// Reads a container's control groups and interfaces.
struct StatsSampler: Sendable {
    var container: Container
    var cgroup: String
    var machine: MachineFacts

    var isRunning: Bool { container.seen.isRunning }
    var exists: Bool { container.seen.machine.phase != .removing }

    /// What is written below each limit of the container; nil when it has none.
    func diskQuota() async -> [String: Stats.DiskQuota]? {
        guard let spaces = container.seen.record.spaces else { return nil }
        var found: [String: Stats.DiskQuota] = [:]
        for (destination, id) in spaces {
            guard let usage = try? await container.services.spaces.usage(id) else { continue }
            found[destination] = Stats.DiskQuota(
                bytes: usage.bytes, byteLimit: usage.limit.bytes?.bytes, inodes: usage.inodes,
                inodeLimit: usage.limit.inodes, id: id, oldest: usage.oldest.components.seconds)
        }
        return found
    }

    func sample(after last: Stats?) -> Stats {
        let view = container.seen
        var stats = Stats()
        stats.id = view.id
        stats.name = "/" + view.record.name
        guard let process = view.machine.process else { return stats }
        stats.read = .now
        stats.preread = last?.read ?? .never
        stats.previousCPU = last?.cpu ?? Stats.CPU()
        guard let path = try? CgroupPath(parsing: cgroup),
            let statistics = try? Cgroup(at: path, in: machine.cgroups).statistics()
        else { return stats }
        stats.cpu = Stats.CPU(statistics.cpu, processors: machine.processors)
        stats.memory = Stats.Memory(statistics.memory, machine: machine.memory)
        stats.blockIO.serviceBytes = statistics.blockIO.serviceBytes.map(Stats.BlockIO.Entry.init)
        stats.blockIO.serviced = statistics.blockIO.serviced.map(Stats.BlockIO.Entry.init)
        if let pids = statistics.pids {
            stats.pids.current = pids.current
            stats.pids.limit = pids.limit.number
        }
        if view.record.hostConfig.networkMode != "host" { stats.networks = Self.networks(process.pid) }
        return stats
    }

    /// What each interface but the loopback has carried.
    static func networks(_ pid: Int32) -> [String: Stats.Network]? {
        guard let bytes = try? WholeFile.read("/proc/\(pid)/net/dev") else { return nil }
        return parse(String(decoding: bytes, as: UTF8.self))
    }

    /// Source: proc_net(5), /proc/net/dev.
    static func parse(_ text: String) -> [String: Stats.Network]? {
        var networks: [String: Stats.Network] = [:]
        for line in text.split(separator: "\n").dropFirst(2) {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let name = halves[0].trimmingSpaces
            let numbers = halves[1].split(separator: " ").compactMap { UInt64($0) }
            guard numbers.count >= 12, name != "lo" else { continue }
            var network = Stats.Network()
            network.receivedBytes = numbers[0]
            network.receivedPackets = numbers[1]
            network.receiveErrors = numbers[2]
            network.receiveDropped = numbers[3]
            network.sentBytes = numbers[8]
            network.sentPackets = numbers[9]
            network.sendErrors = numbers[10]
            network.sendDropped = numbers[11]
            networks[name] = network
        }
        return networks.isEmpty ? nil : networks
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String { String(drop { $0 == " " }) }
}
