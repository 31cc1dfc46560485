internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import ShimProtocol

/// What an errand brought about.
struct ErrandAnswer {
    var process: ShimProcess?
    /// Where the container's group is, if it has one.
    var cgroup: String?
    /// Whether the kernel kills everything in the container with its first process.
    var hasOwnProcesses = false
    /// Whether programs are to be run at its end.
    var hasLastHooks = false
    /// The shim's ends of stdin, stdout and stderr; the master of a terminal stands for all three.
    var streams: [Int32?] = [nil, nil, nil]
    var terminal: Int32?
}

/// A copy of this process that does one thing with the whole runtime, answers and ends.
///
/// So the shim itself stays as small as it was born, whatever it is asked for: what the copy touches goes with it. And its loop
/// is never held up, not even by hooks. What the errand starts becomes the shim's child when the errand ends, as the shim
/// is a subreaper; when the shim dies, so does the errand, and with it a launch that is not finished.
///
/// ```
///   shim                         errand                        container
///     | clone3 ------------------>|
///     |                           | plans, launches ------------>| execve
///     |<-- answer + descriptors --|
///     |<------------ SIGCHLD -----| _exit
///     |  parent of the container from now on                      |
/// ```
struct Errand {
    let pid: Int32
    private let socket: Int32

    /// Starts `body` in a copy.
    init(_ body: () throws(ShimFailure) -> ErrandAnswer) throws(ShimFailure) {
        let pair: (Int32, Int32)
        do throws(SyscallError) {
            pair = try Messages.pair()
            if let child = try Processes.clone() {
                pid = child.pid
            } else {
                Self.run(body, socket: pair.1)
            }
        } catch {
            throw ShimFailure(stage: "errand", errno: error.errno, message: "\(error)")
        }
        close(pair.1)
        socket = pair.0
    }

    private static func run(_ body: () throws(ShimFailure) -> ErrandAnswer, socket: Int32) -> Never {
        _ = clinux_prctl(1, UInt(SIGKILL), 0, 0, 0)  // PR_SET_PDEATHSIG
        var message: JSONValue
        var descriptors: [Int32] = []
        do throws(ShimFailure) {
            let answer = try body()
            let all = answer.streams + [answer.terminal]
            descriptors = all.compactMap { $0 }
            message = [
                "sent": .array(all.map { .bool($0 != nil) }), "ownProcesses": .bool(answer.hasOwnProcesses),
                "lastHooks": .bool(answer.hasLastHooks),
            ]
            message["process"] = answer.process?.json
            message["cgroup"] = answer.cgroup?.json
        } catch {
            message = ["error": error.json]
        }
        let isSent = (try? Messages.send(message.encoded(), descriptors: descriptors, over: socket)) != nil
        Processes.exitNow(isSent ? 0 : 1)
    }

    /// Awaits the answer, which is there when the errand has ended.
    func answer() throws(ShimFailure) -> ErrandAnswer {
        defer { close(socket) }
        do {
            let (bytes, descriptors) = try Messages.receive(over: socket, limit: 64 << 10)
            guard !bytes.isEmpty else {
                throw ShimFailure(stage: "errand", message: "the shim's errand ended without an answer")
            }
            let field = JSONField(try JSONValue(parsing: bytes))
            if let failure = try field["error"].readIfPresent(ShimFailure.self) { throw failure }
            var rest = descriptors[...]
            let all = try field["sent"].read([Bool].self).map { $0 ? rest.popFirst() : nil }
            return ErrandAnswer(
                process: try field["process"].readIfPresent(), cgroup: try field["cgroup"].stringIfPresent(),
                hasOwnProcesses: try field["ownProcesses"].bool(), hasLastHooks: try field["lastHooks"].bool(),
                streams: Array(all.prefix(3)), terminal: all[3])
        } catch let failure as ShimFailure {
            throw failure
        } catch {
            throw ShimFailure(stage: "errand", message: "\(error)")
        }
    }
}
