internal import ShimProtocol

/// The end of a process, step by step: reaped, drained, recorded, told, removed.
///
/// An event in, effects to perform in order out. The order is the promise: the exit file exists before anybody is told, all output
/// that the process wrote goes out before its exit, and cgroup and state are removed last, so that whatever is
/// left by a `kill -9` in between is either a container to be killed or one whose exit code is known.
struct ProcessLife {
    enum Event: Equatable {
        case reaped(ShimExit)
        /// No process holds the other end any more.
        case outputEnded(OutputStream)
        /// Everything that could be read at once has been read; `isAlone` when no process is left that could write more.
        case drained(isAlone: Bool)
        case deleted(ShimFailure?)
    }

    enum Effect: Equatable {
        /// Kill what is left in the container: without a pid namespace it outlives the first process.
        case killRest
        /// Read the outputs until they would block, then report `outputEnded` and `drained`.
        case drain
        /// Write the exit file.
        case record(ShimExit)
        /// Tell the attached and the subscribed.
        case tell(ShimExit)
        /// Remove cgroup and runtime state, then report `deleted`.
        case delete
        case tellDeleted(ShimFailure?)
    }

    enum Phase: Equatable {
        case running
        /// Gone, but its output may not be complete.
        case draining(ShimExit, since: Int64)
        case deleting(ShimExit)
        case over(ShimExit)
    }

    /// How long the output of processes is awaited that outlive their leader, in nanoseconds: docker's two seconds.
    static let grace: Int64 = 2_000_000_000

    private(set) var phase = Phase.running
    private(set) var openOutputs: Set<OutputStream>
    let isContainer: Bool
    /// A terminal hands its last bytes over late: its end is the only proof.
    let isTerminal: Bool

    init(isContainer: Bool, isTerminal: Bool, outputs: Set<OutputStream>) {
        self.isContainer = isContainer
        self.isTerminal = isTerminal
        openOutputs = outputs
    }

    var exit: ShimExit? {
        switch phase {
        case .running: nil
        case .draining(let exit, _), .deleting(let exit), .over(let exit): exit
        }
    }

    var isDraining: Bool { if case .draining = phase { true } else { false } }
    var isRunning: Bool { phase == .running }
    var isOver: Bool { if case .over = phase { true } else { false } }

    /// Says what to do next; `now` is in nanoseconds of a clock that does not jump.
    mutating func handle(_ event: Event, now: Int64) -> [Effect] {
        switch (phase, event) {
        case (.running, .reaped(let exit)):
            phase = .draining(exit, since: now)
            return isContainer ? [.killRest, .drain] : [.drain]
        case (_, .outputEnded(let stream)):
            openOutputs.remove(stream)
            return []
        case (.draining(let exit, let since), .drained(let isAlone)):
            let nothingComes = openOutputs.isEmpty || (isContainer && isAlone && !isTerminal)
            guard nothingComes || now - since >= Self.grace else { return [] }
            phase = isContainer ? .deleting(exit) : .over(exit)
            return [.record(exit), .tell(exit)] + (isContainer ? [.delete] : [])
        case (.deleting(let exit), .deleted(let failure)):
            phase = .over(exit)
            return [.tellDeleted(failure)]
        case (.running, _), (.draining, _), (.deleting, _), (.over, _):
            return []
        }
    }
}
