internal import RuntimeSpec
internal import ShimProtocol

/// What a new process gets as its standard streams.
enum ProcessIO {
    /// Three descriptors, which stay the caller's.
    case descriptors(stdin: Int32, stdout: Int32, stderr: Int32)
    /// A terminal that the driver makes.
    case terminal
}

/// An exec that a driver started.
struct StartedProcess {
    var process: ShimProcess
    /// The master of its terminal, which becomes the caller's.
    var terminal: Int32?
}

/// The container, running, with the shim's ends of its streams, which become the caller's.
struct StartedContainer {
    var process: ShimProcess
    /// By number; `nil` for `/dev/null`.
    var streams: [Int32?]
    /// Then there are no other streams.
    var terminal: Int32?
}

/// What a driver did, or the command it waits for.
enum DriverStep<Result> {
    case done(Result)
    /// A child of ours that the loop awaits; then `finish` has the result.
    case waiting(pid: Int32, finish: (ShimExit) throws(ShimFailure) -> Result)
}

/// Runs the container: by the runtime that is built in, or by somebody else's.
///
/// Called by the shim's loop, which it must not block for long: `start` once, before the loop; the others from requests.
protocol ContainerDriver: AnyObject {
    /// Creates and starts the container; when it returns, the container's program runs.
    ///
    /// - Throws: with the exit code for `docker run`; nothing of the container is left.
    func start() throws(ShimFailure) -> StartedContainer

    func exec(
        id: String, _ process: RuntimeSpec.Process, io: ProcessIO
    ) throws(ShimFailure) -> DriverStep<StartedProcess>

    /// Signals the first process, or with `all` every process of the container.
    func kill(_ signal: Int32, all: Bool) throws(ShimFailure) -> DriverStep<Void>
    /// The first process has ended: kills what it leaves behind when no pid namespace did.
    func killRest()
    func pause() throws(ShimFailure) -> DriverStep<Void>
    func resume() throws(ShimFailure) -> DriverStep<Void>
    func update(_ resources: RuntimeSpec.Resources) throws(ShimFailure) -> DriverStep<Void>

    /// The container's control group, once it has been started; `nil` when it has none.
    var group: ContainerGroup? { get }

    /// Removes everything but the bundle; nothing to remove is no error.
    func delete() throws(ShimFailure) -> DriverStep<Void>
}
