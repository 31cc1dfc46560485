package import NIOCore

/// A container of a pod.
package struct PodContainer: Hashable, Sendable {
    package let namespace: String
    package let pod: String
    /// Empty for the pod's only one.
    package let container: String

    package init(namespace: String, pod: String, container: String) {
        self.namespace = namespace
        self.pod = pod
        self.container = container
    }
}

/// Which lines of a log.
package struct LogOptions: Equatable, Sendable {
    package var follow = false
    /// The run before the last restart.
    package var previous = false
    package var timestamps = false
    /// The last so many lines; `nil` is all.
    package var tailLines: Int?
    package var sinceSeconds: Int?
    /// RFC 3339.
    package var sinceTime: String?
    package var limitBytes: Int?

    package init() {}
}

/// What runs in a container beside or instead of its own process.
package struct RemoteCommand: Equatable, Sendable {
    /// `nil` attaches to the container's own process.
    package var command: [String]?
    package var stdin = false
    package var stdout = true
    package var stderr = true
    package var tty = false

    package init(command: [String]?) {
        self.command = command
    }
}

/// What comes from the client of a remote command.
package enum RemoteInput: Equatable, Sendable {
    case bytes(ByteBuffer)
    /// Its input has ended.
    case end
    case resize(columns: Int, rows: Int)
}

/// The client's side of a remote command: read from one task, written to from any.
package protocol RemoteTerminal: Sendable {
    /// `nil` when the client has left.
    func read() async throws -> RemoteInput?
    func writeOutput(_ bytes: ByteBuffer) async throws
    func writeErrors(_ bytes: ByteBuffer) async throws
}

/// Why a node streams nothing.
package enum PodStreamError: Error, Equatable, Sendable {
    case notFound(String)
    /// There is nothing to talk to at the moment.
    case notRunning(String)
    case invalid(String)
    case failed(String)

    var message: String {
        switch self {
        case .notFound(let why), .notRunning(let why), .invalid(let why), .failed(let why): why
        }
    }

    var code: Int {
        switch self {
        case .notFound: 404
        case .notRunning, .invalid: 400
        case .failed: 500
        }
    }
}

/// What a node streams of its pods: ``NodeStreamServer`` asks it, the node agent answers.
package protocol PodStreams: Sendable {
    /// Whether there is such a container; asked before the answer begins.
    func check(_ container: PodContainer) async throws(PodStreamError)
    /// The log piece by piece; it ends where the log does, or with `follow` when the container has gone.
    func logs(
        of container: PodContainer, _ options: LogOptions
    ) async throws(PodStreamError) -> AsyncThrowingStream<ByteBuffer, any Error>
    /// Runs a command, or attaches, until it has ended; gives its exit code.
    func run(_ command: RemoteCommand, in container: PodContainer, _ terminal: any RemoteTerminal) async throws -> Int
    /// Connects to a port of the pod, on its own loopback, and copies both ways until the pod's side ends or the client leaves.
    func forward(_ client: any PortStream, to port: Int, in pod: PodContainer) async throws(PodStreamError)
}
