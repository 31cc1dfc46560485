internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import ShimProtocol

/// A process whose streams pass through this shim: the container's first one, or an exec's.
///
/// Owns the shim's ends of its pipes, or the master of its terminal, which then is both stdin and stdout.
final class ShimmedProcess {
    let key: ProcessKey
    var life: ProcessLife
    var process = ShimProcess(pid: 0, startTime: 0)
    let isTerminal: Bool
    /// Set when an external runtime has it: an exec that is not started yet.
    var isPending = false

    /// By the stream's number; a closed one is `nil`.
    private(set) var outputs: [Watch?] = [nil, nil]
    private(set) var input: Watch?

    init(_ key: ProcessKey, isTerminal: Bool, outputs: Set<OutputStream>) {
        self.key = key
        self.isTerminal = isTerminal
        life = ProcessLife(isContainer: key == .container, isTerminal: isTerminal, outputs: outputs)
    }

    /// The container, which has just been started.
    convenience init(_ started: StartedContainer, poller: inout Poller) {
        let isTerminal = started.terminal != nil
        self.init(.container, isTerminal: isTerminal, outputs: isTerminal ? [.stdout] : [.stdout, .stderr])
        process = started.process
        if let terminal = started.terminal { setOutput(.stdout, terminal, poller: &poller) }
        for stream in OutputStream.allCases {
            if let fd = started.streams[stream.rawValue + 1] { setOutput(stream, fd, poller: &poller) }
        }
        if let fd = started.streams[0] { setInput(fd, poller: &poller) }
    }

    deinit { closeAll() }

    var masterTerminal: Int32? { isTerminal ? outputs[OutputStream.stdout.rawValue]?.fd : nil }

    func setOutput(_ stream: OutputStream, _ fd: Int32, poller: inout Poller) {
        outputs[stream.rawValue] = Watch(fd, token: poller.makeToken())
    }

    func setInput(_ fd: Int32, poller: inout Poller) {
        input = Watch(fd, token: poller.makeToken())
    }

    /// The stream whose descriptor has this token.
    func output(of token: UInt64) -> OutputStream? {
        OutputStream.allCases.first { outputs[$0.rawValue]?.token == token }
    }

    func closeOutput(_ stream: OutputStream, poller: borrowing Poller) {
        guard let watch = outputs[stream.rawValue] else { return }
        poller.remove(watch.fd)
        close(watch.fd)
        outputs[stream.rawValue] = nil
    }

    func closeInput(poller: borrowing Poller) {
        guard let watch = input else { return }
        poller.remove(watch.fd)
        close(watch.fd)
        input = nil
    }

    private func closeAll() {
        for case let watch? in outputs { close(watch.fd) }
        if let input { close(input.fd) }
        outputs = [nil, nil]
        input = nil
    }

    /// Closes everything; the process has ended and said all.
    func finish(poller: borrowing Poller) {
        for stream in OutputStream.allCases { closeOutput(stream, poller: poller) }
        closeInput(poller: poller)
    }

    /// Waits for what `board` has room for.
    func updateInterest(_ board: borrowing Switchboard, poller: borrowing Poller) throws(SyscallError) {
        let wantsInput = board.hasInputWaiting(for: key)
        for stream in OutputStream.allCases where outputs[stream.rawValue] != nil {
            var wanted: Readiness = board.acceptsOutput(stream, of: key) ? .input : []
            if isTerminal, wantsInput { wanted.insert(.output) }
            // An idle terminal or pipe reports its hang-up even when nothing is asked: it must not be in the set at all.
            try outputs[stream.rawValue]?.want(wanted.isEmpty ? nil : wanted, in: poller)
        }
        try input?.want(wantsInput ? .output : nil, in: poller)
    }
}
