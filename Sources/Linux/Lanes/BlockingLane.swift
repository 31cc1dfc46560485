internal import Glibc
internal import Synchronization

/// A serial executor whose jobs may block: they run one at a time, in order, on the threads of some ``Lanes``.
///
/// A lane costs a few hundred bytes and holds a thread only while it has something to run, so every container can have one.
package final class BlockingLane: SerialExecutor {
    private let lanes: Lanes
    private let state = Mutex(State())

    private struct State {
        var jobs = Fifo<UnownedJob>()
        /// It waits for a thread or holds one.
        var scheduled = false
    }

    /// After this many jobs a busy lane goes to the end of the queue, so that others get their turn.
    private static let turn = 32

    package init(on lanes: Lanes = .shared) {
        self.lanes = lanes
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let idle = state.withLock { state in
            state.jobs.append(unowned)
            defer { state.scheduled = true }
            return !state.scheduled
        }
        if idle { lanes.enqueue(self) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Traps unless the calling thread runs this lane right now.
    package func checkIsolated() {
        precondition(isCurrent, "this code runs on its actor's lane")
    }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private var isCurrent: Bool { CurrentLane.get() == Unmanaged.passUnretained(self).toOpaque() }

    /// Runs what is queued; called by a thread of the lanes.
    func drain() {
        CurrentLane.set(Unmanaged.passUnretained(self).toOpaque())
        defer { CurrentLane.set(nil) }
        for _ in 0..<Self.turn {
            guard let job = nextJob() else { return }
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
        let more = state.withLock { state in
            state.scheduled = !state.jobs.isEmpty
            return state.scheduled
        }
        if more { lanes.enqueue(self) }
    }

    private func nextJob() -> UnownedJob? {
        state.withLock { state in
            guard let job = state.jobs.popFirst() else {
                state.scheduled = false
                return nil
            }
            return job
        }
    }
}

/// An actor whose methods may block: the conformance makes `lane` its executor.
package protocol LaneBound: Actor {
    nonisolated var lane: BlockingLane { get }
}

extension LaneBound {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }
}

/// The lane that the calling thread runs, if any.
private enum CurrentLane {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static func get() -> UnsafeMutableRawPointer? { pthread_getspecific(key) }
    static func set(_ lane: UnsafeMutableRawPointer?) { pthread_setspecific(key, lane) }
}
