/// When a container that ended by itself is started again.
///
/// Waits 100 ms, then twice as long each time up to a minute; a run of ten seconds or more starts over at 100 ms.
struct RestartBackoff: Equatable, Sendable {
    private(set) var wait: Duration = .zero

    static let shortest = Duration.milliseconds(100)
    static let longest = Duration.seconds(60)
    static let goodRun = Duration.seconds(10)

    /// Says how long to wait, nil to leave the container as it is.
    ///
    /// `restarts` counts those by policy since the last start by a person.
    mutating func afterExit(
        code: Int, ranFor: Duration, restarts: Int, policy: RestartPolicy, stoppedByHand: Bool
    ) -> Duration? {
        guard !stoppedByHand, policy.wantsRestart(afterExitWith: code, restarts: restarts) else {
            wait = .zero
            return nil
        }
        wait = wait == .zero || ranFor >= Self.goodRun ? Self.shortest : min(wait * 2, Self.longest)
        return wait
    }

    /// A person started it: what came before does not count.
    mutating func reset() { wait = .zero }
}

extension RestartPolicy {
    package enum Kind: String, Sendable {
        case no
        case always
        case unlessStopped = "unless-stopped"
        case onFailure = "on-failure"
    }

    /// Nil for a name that does not exist.
    package var kind: Kind? { name.isEmpty ? .no : Kind(rawValue: name) }

    func wantsRestart(afterExitWith code: Int, restarts: Int) -> Bool {
        switch kind {
        case .always, .unlessStopped: true
        case .onFailure: code != 0 && (maximumRetryCount == 0 || restarts < maximumRetryCount)
        case .no, nil: false
        }
    }

    /// Whether a daemon that starts should start the container.
    func wantsStart(wasRunning: Bool, stoppedByHand: Bool, exitCode: Int, restarts: Int) -> Bool {
        switch kind {
        case .always: true
        case .unlessStopped: !stoppedByHand
        case .onFailure:
            wasRunning && !stoppedByHand && wantsRestart(afterExitWith: exitCode, restarts: restarts)
        case .no, nil: false
        }
    }
}
