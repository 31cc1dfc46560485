internal import Glibc
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

/// What the engine needs of the process beside a container; tests put a model in its place.
protocol ShimLink: Sendable {
    /// Ends when the shim is gone.
    var events: AsyncStream<ShimEvent> { get }
    /// - Throws: ``EngineError/startFailed(_:)`` with what the shim refused, ``EngineError/failed(_:)`` when it is gone.
    func request(_ action: ShimRequest.Action) async throws(EngineError) -> ShimReply
    func close()
}

/// A container that is to run.
struct LaunchOrder: Sendable {
    /// The folder of this run under the exec root; exists.
    var directory: String
    var spec: RuntimeSpec
    var configuration: ShimConfiguration
    /// Our copies of the shim's ends of attached sockets, in the order of `configuration.attached`; closed when the launch is over.
    var attached: [Int32] = []
    /// The shim that waits for this.
    var expected: ExpectedShim?
    /// Mounts the root filesystem on the path it gets, in a mount namespace that only the shim will have; nil leaves it to the shim.
    var mountRootfs: (@Sendable (String) throws(EngineError) -> Void)?
}

/// What is known of a launch before its bundle is written.
struct ExpectedLaunch: Sendable {
    /// As in ``LaunchOrder``.
    var directory: String
    /// As in ``LaunchOrder``: the sockets and the numbers that they have in the shim.
    var attached: [Int32]
    var attachedNumbers: [Int32]
    /// The control group that all shims share.
    var shimCgroup: String
    /// The container's own.
    var cgroup: String
}

/// A shim that waits for its order.
///
/// Letting go of it without ``ShimLauncher/launch(_:)`` ends it.
final class ExpectedShim: Sendable {
    /// Where it reports.
    let report: Int32
    /// What the word goes through.
    let word: Int32

    init(report: consuming Descriptor, word: consuming Descriptor) {
        self.report = report.release()
        self.word = word.release()
    }

    deinit {
        close(word)
        close(report)
    }
}

/// A container that runs.
struct Launched: Sendable {
    var process: ContainerMachine.Process
    /// The shim, when it is our child.
    var shim: Int32?
    var timings: [(String, Duration)] = []
}

/// Starts containers and finds those that run: the seam below which processes begin.
protocol ShimLauncher: Sendable {
    /// Before anything else: ends what an earlier pouchd of the same exec root set in motion and did not live to see.
    func takeOver() async
    /// After everything else: containers and their shims stay, nothing else of the launcher does.
    func close() async
    /// Has a shim born for a launch that is being prepared; nil where it cannot come before its order.
    func expect(_ expected: ExpectedLaunch) async -> ExpectedShim?
    /// Returns when the program runs, or says why it does not; then nothing of it is left.
    func launch(_ order: LaunchOrder) async throws(EngineError) -> Launched
    /// - Throws: when no shim answers there.
    func connect(_ directory: String) async throws(EngineError) -> any ShimLink
    /// Kills and removes what a run left behind whose shim is gone, by its cgroup; repeatable.
    func destroy(_ leftovers: Leftovers) async throws(EngineError)
}

/// By what a run can be found when nobody answers for it.
struct Leftovers: Sendable {
    var id: String
    var directory: String
    var cgroup: String
    var stateRoot: String
    /// The runtime that has it, when it is not the built-in one.
    var runtime: ShimConfiguration.ExternalRuntime?
}
