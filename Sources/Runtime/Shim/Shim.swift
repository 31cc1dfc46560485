internal import CLinux
internal import Cgroups
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import ShimProtocol

/// `pouch-runtime shim`: the process beside one container, from its birth to its end.
///
/// Born by pouchd, in its own session and with the container's orphans as its children; listens first, so that a pouchd that
/// dies now finds it; has the container started by a copy of itself, without a second program; reports; only then does what
/// can wait.
package enum Shim {
    /// Serves the container that `DIR/shim.json` describes; comes back when the shim is to end.
    ///
    /// The program's file is protected by then: the command line sees to that (CVE-2019-5736).
    ///
    /// - Parameter words: `--directory DIR`.
    /// - Returns: The exit code of this process: 0 when the container ran, whatever became of it; 1 when it was not started.
    package static func run(_ words: [String]) -> Int32 {
        guard words.count == 2, words[0] == "--directory", words[1].hasPrefix("/") else {
            Console.say("usage: pouch-runtime shim --directory DIR (an absolute path with a shim.json)")
            return 2
        }
        return run(words[1], wait: nil)
    }

    /// The same for a shim that may be born before its bundle is written.
    static func run(_ directory: String, wait: Birth.Wait?) -> Int32 {
        var birth = Birth(directory: directory, wait: wait)
        let server: ShimServer
        do throws(ShimFailure) {
            guard let born = try birth.bear() else { return 0 }
            server = born
        } catch {
            birth.report(.failed(error))
            Console.say(error, requestID: birth.requestID)
            return 1
        }
        server.run()
        return 0
    }
}

/// What happens once, in order, before the loop.
struct Birth {
    private let directory: String
    private let begin = Clocks.steady
    private var timings = ShimReport.Timings()
    private var isListening = false
    private var isReported = false
    private(set) var requestID: String?
    private let wait: Wait?
    /// Made while waiting, ours to remove as long as nothing is launched.
    private var cgroup: Cgroup?

    /// What a shim does until its bundle is there.
    struct Wait {
        /// The pipe that the word comes through.
        var word: Int32
        /// The container's control group, to be made meanwhile.
        var cgroup: String?
    }

    init(directory: String, wait: Wait?) {
        self.directory = directory
        self.wait = wait
    }

    /// - Returns: Nil when the word to start did not come.
    /// - Throws: with nothing left but the files that pouchd made.
    mutating func bear() throws(ShimFailure) -> ShimServer? {
        protectDescriptor(ShimProtocol.reportDescriptor)
        let listener = try kernel("listen") { () throws(SyscallError) in
            try becomeIndependent()
            return try listen()
        }
        isListening = true
        timings.listening = (Clocks.steady - begin) / 1000
        do throws(ShimFailure) {
            guard awaitWord() else {
                undo()
                return nil
            }
            let configuration = try readConfiguration()
            requestID = configuration.requestID
            for attached in configuration.attached { protectDescriptor(attached.fd) }
            return try start(configuration, listener)
        } catch {
            undo()
            throw error
        }
    }

    /// Makes the container's group, which may fail: the launch tries again and says why.
    ///
    /// Then waits until the bundle is there.
    private mutating func awaitWord() -> Bool {
        guard let wait else { return true }
        if let path = wait.cgroup, let tree = try? CgroupTree.current(), let path = try? CgroupPath(parsing: path) {
            cgroup = try? Cgroup.create(at: path, in: tree)
        }
        defer { close(wait.word) }
        var byte: UInt8 = 0
        while true {
            let count = read(wait.word, &byte, 1)
            if count < 0, errno == EINTR { continue }
            return count == 1
        }
    }

    private func undo() {
        removeSocket()
        try? cgroup?.remove()
    }

    private mutating func start(_ configuration: ShimConfiguration, _ listener: Int32) throws(ShimFailure) -> ShimServer
    {
        let driver = try makeDriver(configuration)
        let log = try configuration.log.map { (log) throws(ShimFailure) in
            try kernel("log") { () throws(SyscallError) in try ContainerLog(log) }
        }
        var poller = try kernel("epoll") { () throws(SyscallError) in try Poller() }
        let started = try driver.start()
        timings.started = (Clocks.steady - begin) / 1000
        report(.started(started.process, timings: timings))
        let container = ShimmedProcess(started, poller: &poller)
        let server = try serve(configuration, driver, listener, container, poller, log)
        for attached in configuration.attached { server.adopt(attached) }
        leaveGroup(for: configuration)
        server.watchMemory()
        return server
    }

    private func serve(
        _ configuration: ShimConfiguration, _ driver: any ContainerDriver, _ listener: Int32,
        _ container: ShimmedProcess, _ poller: consuming Poller, _ log: ContainerLog?
    ) throws(ShimFailure) -> ShimServer {
        do throws(SyscallError) {
            // Long lists of layers are not needed any more, and an idle shim is to be small.
            var configuration = configuration
            configuration.rootfsMounts = []
            return try ShimServer(
                configuration, directory: directory, driver: driver, listener: listener, container: container,
                poller: poller, log: log)
        } catch {
            // The container runs and was reported: without a loop it is left to pouchd, which sees this process end.
            throw ShimFailure(stage: "loop", errno: error.errno, message: "\(error)")
        }
    }

    // MARK: Steps

    private func readConfiguration() throws(ShimFailure) -> ShimConfiguration {
        let path = "\(directory)/\(ShimProtocol.FileName.configuration)"
        let bytes = try kernel("configuration") { () throws(SyscallError) in try WholeFile.read(path) }
        do throws(JSONError) {
            return try ShimConfiguration(parsing: bytes)
        } catch {
            throw ShimFailure(stage: "configuration", message: "\(path): \(error)")
        }
    }

    private func makeDriver(_ configuration: ShimConfiguration) throws(ShimFailure) -> any ContainerDriver {
        if let runtime = configuration.runtime {
            return try ExternalRuntime(runtime, for: configuration, directory: directory)
        }
        return BuiltInRuntime(configuration, madeGroup: cgroup)
    }

    /// A session of our own, the container's orphans as our children, and no signal that a vanished pouchd could cause.
    private func becomeIndependent() throws(SyscallError) {
        _ = setsid()
        let subreaper: Int32 = 36
        try checkNegative("prctl") { clinux_prctl(subreaper, 1, 0, 0, 0) }
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
    }

    private func listen() throws(SyscallError) -> Int32 {
        try WorkingDirectory.during(directory) { () throws(SyscallError) in
            unlink(ShimProtocol.FileName.socket)
            return try checkNegative("listen", ShimProtocol.FileName.socket) {
                clinux_listen_unix(ShimProtocol.FileName.socket, 64)
            }
        }
    }

    /// What pouchd passed on must not reach the container.
    private func protectDescriptor(_ fd: Int32) {
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
    }

    /// Writes the one line that pouchd waits for; nobody listening is no error.
    mutating func report(_ report: ShimReport) {
        guard !isReported else { return }
        isReported = true
        let line = report.encoded() + [0x0A]
        _ = line.withUnsafeBytes { write(ShimProtocol.reportDescriptor, $0.baseAddress, $0.count) }
        close(ShimProtocol.reportDescriptor)
    }

    /// Out of pouchd's control group, so that nothing that is done to its unit reaches the container's shim.
    private func leaveGroup(for configuration: ShimConfiguration) {
        guard let path = configuration.shimCgroup else { return }
        if let problem = ShimGroup.enter(path) { Console.say("cgroup \(path): \(problem)") }
    }

    private func removeSocket() {
        if isListening { unlink("\(directory)/\(ShimProtocol.FileName.socket)") }
    }

    private func kernel<Result: ~Copyable>(
        _ stage: String, _ body: () throws(SyscallError) -> Result
    ) throws(ShimFailure) -> Result {
        do throws(SyscallError) {
            return try body()
        } catch {
            throw ShimFailure(stage: stage, errno: error.errno, message: "\(error)")
        }
    }
}
