internal import CLinux
internal import Cgroups
internal import Glibc
internal import JSON
internal import Lanes
internal import LinuxKernel
internal import ShimProtocol

/// Starts `pouch-runtime shim` and reads how that went.
struct ProcessLauncher: ShimLauncher {
    let executable: String
    let tree: CgroupTree
    /// What is started: the executable by way of a read-only mount that nobody else can find.
    ///
    /// The runtime insists on such a mount (CVE-2019-5736) and would otherwise start itself twice for every container.
    private let program: String
    private let nursery: ShimNursery

    init(executable: String, tree: CgroupTree, execRoot: String) {
        self.executable = executable
        self.tree = tree
        program = (try? Self.readOnly(executable)) ?? executable
        nursery = ShimNursery(program: program, name: executable, execRoot: execRoot)
    }

    /// A path to `executable` through a descriptor that stays open as long as this process lives.
    private static func readOnly(_ executable: String) throws(SyscallError) -> String {
        let mount = try high(try Mounts.copyTree(executable))
        try Mounts.setAttributes(of: mount.raw, set: [.readOnly, .noSUID, .noDevices], propagation: .private)
        return "/proc/\(getpid())/fd/\(mount.release())"
    }

    func takeOver() async {
        await Lanes.shared.run { nursery.endFormer() }
    }

    func close() async {
        await Lanes.shared.run { nursery.close() }
    }

    func expect(_ expected: ExpectedLaunch) async -> ExpectedShim? {
        let request = NurseryRequest(
            directory: expected.directory, attached: expected.attachedNumbers, cgroup: expected.cgroup)
        return await Lanes.shared.run { () -> ExpectedShim? in
            do throws(SyscallError) {
                let log = try Self.shimLog(expected.directory)
                let report = try Pipe()
                let word = try Pipe()
                let descriptors = [report.writing.raw, word.reading.raw, log.raw] + expected.attached
                guard nursery.bear(request, descriptors, group: expected.shimCgroup) else { return nil }
                return ExpectedShim(report: report.reading, word: word.writing)
            } catch {
                // The launch will meet the same, and say so.
                return nil
            }
        }
    }

    private struct Pipe: ~Copyable {
        var reading: Descriptor
        var writing: Descriptor

        init() throws(SyscallError) {
            var ends: [Int32] = [0, 0]
            try checkNegative("pipe2") { clinux_pipe(&ends) }
            reading = Descriptor(owning: ends[0])
            writing = Descriptor(owning: ends[1])
        }
    }

    private static func shimLog(_ directory: String) throws(SyscallError) -> Descriptor {
        try high(try Descriptor.open(directory + "/shim.log", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600))
    }

    func launch(_ order: LaunchOrder) async throws(EngineError) -> Launched {
        return try await Lanes.shared.run { () throws(EngineError) -> Launched in
            let clock = ContinuousClock()
            let began = clock.now
            do throws(SyscallError) {
                try Self.write(order.spec.encoded(), to: order.directory + "/config.json")
                try Self.write(
                    order.configuration.encoded(), to: order.directory + "/" + ShimProtocol.FileName.configuration)
            } catch {
                throw .system(doing: "write the bundle of \(order.configuration.id)", error)
            }
            let written = clock.now
            let child = try start(order)
            let spawned = clock.now
            let line: [UInt8]
            do throws(SyscallError) {
                line = try child.report.readToEnd()
            } catch {
                throw .system(doing: "read the report of the shim of \(order.configuration.id)", error)
            }
            let reported = clock.now
            let stillOurs = child.pid.map(Self.reap) ?? false
            var launched = try Self.launched(line, order)
            launched.shim = stillOurs ? child.pid : nil
            launched.timings =
                [
                    ("write", began.duration(to: written)), ("spawn", written.duration(to: spawned)),
                    ("shim", spawned.duration(to: reported)),
                ] + launched.timings
            return launched
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(SyscallError) {
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600).writeAll(bytes)
    }

    private static func launched(_ line: [UInt8], _ order: LaunchOrder) throws(EngineError) -> Launched {
        let report: ShimReport
        do throws(JSONError) {
            guard !line.isEmpty else {
                throw JSONError.invalid(path: "", reason: "the shim ended without a report")
            }
            report = try ShimReport(parsing: line)
        } catch {
            let log = (try? WholeFile.read(order.directory + "/shim.log")) ?? []
            let last = String(decoding: log, as: UTF8.self).split(separator: "\n").last.map { ": " + $0 } ?? ""
            throw .startFailed(.init(stage: "shim", message: "the shim of \(order.configuration.id) failed\(last)"))
        }
        switch report {
        case .failed(let failure): throw EngineError(failure)
        case .started(let process, let timings):
            return Launched(
                process: ContainerMachine.Process(pid: process.pid, startTime: process.startTime),
                timings: [
                    ("shim.listening", .microseconds(timings.listening)),
                    ("shim.started", .microseconds(timings.started)),
                ])
        }
    }

    private struct Spawned: ~Copyable {
        /// Nil for a shim that is not our child.
        var pid: Int32?
        var report: Descriptor
    }

    /// Gives the word to the shim that waits for it, or starts one: here, or in a mount namespace of its own with the root
    /// filesystem mounted there.
    ///
    /// Nothing is mounted where the host sees it; the namespace goes with the shim.
    private func start(_ order: LaunchOrder) throws(EngineError) -> Spawned {
        if let expected = order.expected { return try proceed(expected, order) }
        guard let mountRootfs = order.mountRootfs else { return try spawn(order) }
        let numbers = try DedicatedThread.runBlocking { () throws(EngineError) -> (pid: Int32?, report: Int32) in
            do throws(SyscallError) {
                // The working directory, too: a thread shares it with its process otherwise.
                try Namespaces.unshare([.mount, Namespaces(rawValue: 0x200)])
                try Mounts.setPropagation(.replica, of: "/", recursive: true)
            } catch {
                throw .system(doing: "make a mount namespace for \(order.configuration.id)", error)
            }
            try mountRootfs(order.directory + "/rootfs")
            let child = try spawn(order)
            return (child.pid, child.report.release())
        }
        return Spawned(pid: numbers.pid, report: Descriptor(owning: numbers.report))
    }

    /// One that is gone says so by the end of its report.
    private func proceed(_ shim: ExpectedShim, _ order: LaunchOrder) throws(EngineError) -> Spawned {
        do throws(SyscallError) {
            var word: UInt8 = 1
            if Glibc.write(shim.word, &word, 1) != 1, errno != EPIPE { throw SyscallError("write", errno: errno) }
            let report = try checkNegative("fcntl") { clinux_duplicate_above(shim.report, 3) }
            return Spawned(pid: nil, report: Descriptor(owning: report))
        } catch {
            throw .system(doing: "start the shim of \(order.configuration.id)", error)
        }
    }

    /// Starts the shim with the report pipe at 3 and the attached sockets from 4 on.
    private func spawn(_ order: LaunchOrder) throws(EngineError) -> Spawned {
        do throws(SyscallError) {
            let log = try Self.shimLog(order.directory)
            let report = try Pipe()
            let writing = try Self.high(report.writing)
            let null = try Self.high(try Descriptor.open("/dev/null", O_RDWR))
            var table = [
                clinux_spawn_descriptor(from: null.raw, to: 0), clinux_spawn_descriptor(from: log.raw, to: 1),
                clinux_spawn_descriptor(from: log.raw, to: 2),
                clinux_spawn_descriptor(from: writing.raw, to: ShimProtocol.reportDescriptor),
            ]
            for (attached, fd) in zip(order.configuration.attached, order.attached) {
                table.append(clinux_spawn_descriptor(from: fd, to: attached.fd))
            }
            let arguments = CStringArray([executable, "shim", "--directory", order.directory])
            let environment = CStringArray(ShimNursery.environment)
            let pid = try checkNegative("spawn", executable) {
                clinux_spawn(program, arguments.pointers, environment.pointers, nil, 1, table, table.count)
            }
            return Spawned(pid: pid, report: report.reading)
        } catch {
            throw .startFailed(
                .init(stage: "shim", errno: error.errno, message: "the shim could not be started: \(error)"))
        }
    }

    /// Moves a descriptor out of the way of the numbers that the new process wants.
    static func high(_ descriptor: consuming Descriptor) throws(SyscallError) -> Descriptor {
        let raw = descriptor.raw
        let moved = Descriptor(owning: try checkNegative("fcntl") { clinux_duplicate_above(raw, 200) })
        return moved
    }

    /// Takes the exit of the process that was spawned, if it has ended: the shim itself lives on as nobody's child.
    ///
    /// Says whether it is still ours.
    private static func reap(_ pid: Int32) -> Bool {
        var result = clinux_exit()
        return clinux_waitid(1, pid, &result, 4 | 1) == 0 && result.pid == 0
    }

    func connect(_ directory: String) async throws(EngineError) -> any ShimLink {
        try await ShimConnection.connect(directory)
    }

    func destroy(_ leftovers: Leftovers) async throws(EngineError) {
        let tree = tree
        try await Lanes.shared.run { () throws(EngineError) in
            Self.killShim(of: leftovers.directory)
            if let runtime = leftovers.runtime { Self.delete(leftovers.id, with: runtime) }
            do throws(CgroupError) {
                let group = Cgroup(at: try CgroupPath(parsing: leftovers.cgroup), in: tree)
                if group.exists {
                    try? group.thaw()
                    try group.kill()
                    try group.remove()
                }
            } catch {
                throw .failed("remove cgroup \(leftovers.cgroup): \(error)")
            }
            Folders.remove(leftovers.stateRoot + "/" + leftovers.id)
        }
    }

    /// A shim that does not answer, perhaps because it has only begun: what it was about to start must not come up later.
    private static func killShim(of directory: String) {
        let wanted = Array("shim\0--directory\0\(directory)".utf8)
        for name in (try? Files.list("/proc")) ?? [] {
            guard let pid = Int32(name), Self.commandLine(of: pid).ends(with: wanted),
                let process = try? Processes.open(pid: pid), Self.commandLine(of: pid).ends(with: wanted)
            else { continue }
            try? Processes.signal(pidfd: process.raw, 9)
        }
    }

    /// Without the zeros at its end, of which a shim from the nursery has many.
    private static func commandLine(of pid: Int32) -> [UInt8] {
        let line = (try? WholeFile.read("/proc/\(pid)/cmdline")) ?? []
        return Array(line[..<(line.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)])
    }

    /// Lets another runtime forget the container, too.
    private static func delete(_ id: String, with runtime: ShimConfiguration.ExternalRuntime) {
        let root = runtime.root.map { ["--root", $0] } ?? []
        let arguments = CStringArray([runtime.path] + runtime.arguments + root + ["delete", "--force", id])
        let environment = CStringArray(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        guard let null = try? high(try Descriptor.open("/dev/null", O_RDWR)) else { return }
        let table = (Int32(0)...2).map { clinux_spawn_descriptor(from: null.raw, to: $0) }
        let pid = clinux_spawn(runtime.path, arguments.pointers, environment.pointers, nil, 0, table, table.count)
        guard pid > 0 else { return }
        var result = clinux_exit()
        _ = clinux_waitid(1, pid, &result, 4)
    }
}

extension [UInt8] {
    fileprivate func ends(with tail: [UInt8]) -> Bool { count >= tail.count && suffix(tail.count).elementsEqual(tail) }
}
