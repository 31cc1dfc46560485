internal import Glibc
internal import Scheduling
internal import Units

/// Nodes and pods for the benchmarks, and a scheduler that holds them.
enum World {
    static let start = Timestamp(seconds: 1_800_000_000)

    /// A node of 32 processors and 128 GiB, in one of three zones, 40 to a rack.
    static func node(_ number: Int, cpu: Int64 = 32, pods: Int64 = 110) -> Node {
        Node(
            name: "node-\(number)",
            labels: [
                "kubernetes.io/hostname": "node-\(number)", "topology.kubernetes.io/zone": "zone-\(number % 3)",
                "topology.kubernetes.io/rack": "rack-\(number / 40)", "disk": number % 2 == 0 ? "ssd" : "hdd",
                "generation": "g\(number % 10)", "size": "s\(number % 7)",
            ],
            allocatable: resources(milli: cpu * 1000, mebibytes: 131_072, pods: pods, gibibytesOfDisk: 1000))
    }

    static func resources(
        milli: Int64, mebibytes: UInt64, pods: Int64 = 1, gibibytesOfDisk: UInt64 = 0
    ) -> Resources {
        Resources(
            cpu: CPUCount(milli: milli), memory: ByteCount(mebibytes << 20), disk: ByteCount(gibibytesOfDisk << 30),
            pods: pods)
    }

    static func template(
        milli: Int64 = 100, mebibytes: UInt64 = 256, labels: [String: String] = [:], priority: Int32 = 0,
        _ change: (inout Requirements) -> Void = { _ in }
    ) -> PodTemplate {
        var requirements = Requirements(resources: resources(milli: milli, mebibytes: mebibytes))
        change(&requirements)
        return PodTemplate(labels: labels, requirements: requirements, priority: priority)
    }

    static func addNodes(_ count: Int, to scheduler: inout Scheduler, cpu: Int64 = 32, pods: Int64 = 110) {
        for number in 0..<count {
            _ = scheduler.handle(.nodeAdded(node(number, cpu: cpu, pods: pods)), at: start)
        }
    }

    static func add(_ pod: Pod, to scheduler: inout Scheduler) {
        _ = scheduler.handle(.podAdded(pod), at: start)
    }
}

/// The processor time of this process, in seconds.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Resident memory of this process, in bytes.
func residentBytes() -> Double {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, 256, file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) }
    return (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE)))
}
