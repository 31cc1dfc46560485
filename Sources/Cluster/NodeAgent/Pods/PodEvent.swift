package import ClusterModel
package import Units

/// What happened to a pod, told to its machine.
package enum PodEvent: Sendable {
    /// The pool's picture of it: the first time, and whenever it changed.
    case desired(PodObject)
    /// It is gone from the pool: nothing of it may go on.
    case disowned
    /// What an earlier life of the agent left running, told before anything else.
    case found(sandbox: Sandbox?, containers: [FoundContainer])
    case sandboxReady(Sandbox)
    case sandboxFailed(String)
    case sandboxEnded
    case started(container: String, id: String, imageID: String)
    /// It could not be made to run; `reason` is one word, such as `ErrImagePull`.
    case notStarted(container: String, reason: String, message: String)
    case ended(container: String, Exit)
    case probed(container: String, ProbeKind, succeeded: Bool, message: String)
    /// Its files are up to date, as far as they can be.
    case refreshed
    /// Folders, volumes, containers and sandbox are all gone.
    case cleaned
    /// The node needs the room.
    case evicted(reason: String, message: String)
    /// Time has passed.
    case tick

    package struct FoundContainer: Sendable, Equatable {
        package var name: String
        package var id: String
        package var imageID: String
        package var attempt: Int
        package var startedAt: Timestamp
        /// `nil` while it runs.
        package var exit: Exit?

        package init(
            name: String, id: String, imageID: String, attempt: Int, startedAt: Timestamp, exit: Exit?
        ) {
            self.name = name
            self.id = id
            self.imageID = imageID
            self.attempt = attempt
            self.startedAt = startedAt
            self.exit = exit
        }
    }
}

/// A pod's shared namespaces.
package struct Sandbox: Sendable, Equatable {
    package var id: String
    package var addresses: [String]

    package init(id: String, addresses: [String]) {
        self.id = id
        self.addresses = addresses
    }
}

/// How a container ended.
package struct Exit: Sendable, Equatable {
    package var id: String
    package var code: Int
    package var isOutOfMemory: Bool
    package var message: String
    package var startedAt: Timestamp
    package var finishedAt: Timestamp

    package init(
        id: String, code: Int, isOutOfMemory: Bool = false, message: String = "", startedAt: Timestamp,
        finishedAt: Timestamp
    ) {
        self.id = id
        self.code = code
        self.isOutOfMemory = isOutOfMemory
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }

    var reason: String { isOutOfMemory ? "OOMKilled" : code == 0 ? "Completed" : "Error" }
}

package enum ProbeKind: String, Sendable, CaseIterable {
    case startup, liveness, readiness
}

/// What a pod's machine wants done; the answer comes back as an event.
package enum PodEffect: Sendable, Equatable {
    case makeSandbox
    case start(container: String, attempt: Int)
    /// The hook first, when there is one, then the signal; SIGKILL after `grace` seconds in all.
    case stop(container: String, id: String, grace: Int)
    case probe(container: String, id: String, ProbeKind)
    /// Remove all that is left of it: containers, sandbox, volumes, folders.
    case cleanUp
    /// Bring the files that the pod is told up to date.
    case refresh
    case report(PodStatus)
    /// The pool may forget it.
    case confirmDeletion
    case record(severity: EventRecord.Severity, reason: String, message: String)
}
