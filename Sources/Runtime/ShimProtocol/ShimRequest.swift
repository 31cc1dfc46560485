internal import JSON
package import RuntimeSpec

/// Which of a process's streams a connection takes part in.
package struct StreamSelection: Equatable, Sendable {
    package var stdin: Bool
    package var stdout: Bool
    package var stderr: Bool

    package init(stdin: Bool = false, stdout: Bool = false, stderr: Bool = false) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }

    package static let all = StreamSelection(stdin: true, stdout: true, stderr: true)
    package static let none = StreamSelection()
}

/// What pouchd asks of a shim.
package struct ShimRequest: Equatable, Sendable {
    package var version: Int
    /// The id of the user's request that caused this one, for the log.
    package var requestID: String?
    package var action: Action

    package enum Action: Equatable, Sendable {
        /// Everything a pouchd that knows nothing needs to know. Reply: `state`.
        case state
        /// Turns this connection into a stream of the container. Reply: `attached`, without a log `done`, then stream frames.
        ///
        /// Of a container that has exited it gives `endOfOutput` and the `exited` event at once.
        ///
        /// A client that reads the log, too, says so (`afterLog`): it first gets what was begun of a line and is not in the log yet.
        case attach(StreamSelection, afterLog: Bool = false)
        /// Runs one more process in the container and, when `streams` names any, turns this connection into its stream.
        ///
        /// `id` is free text without `/`, unique in this shim. Without streams its output is thrown away. Reply: `started`; the
        /// exit code comes as `exited` event and stays in `exec-<id>.json` until pouchd removes that file.
        case exec(id: String, process: RuntimeSpec.Process, streams: StreamSelection)
        case kill(signal: Int32, target: KillTarget)
        /// Sets the size of the terminal of the container, or of `exec`.
        case resize(rows: UInt16, columns: UInt16, exec: String?)
        case closeStdin(exec: String?)
        case pause
        case resume
        case update(RuntimeSpec.Resources)
        /// Reply: `processes`, the host's pids of all processes in the container.
        case processes
        /// From now on every `ShimEvent` goes to this connection, after those that tell the present state: `started`, `paused`, `oom`,
        /// and `exited`, `deleted` if they have happened.
        case subscribe
        /// Ends the shim. Refused while the container has not been deleted.
        case shutdown
    }

    package enum KillTarget: Equatable, Sendable {
        /// The container's first process.
        case container
        /// Every process in the container.
        case all
        case exec(String)
    }

    package init(_ action: Action, requestID: String? = nil, version: Int = ShimProtocol.version) {
        self.version = version
        self.requestID = requestID
        self.action = action
    }

    /// The request as a frame.
    package var frame: Frame { Frame(.request, encoded()) }

    /// Reads the payload of a request frame.
    ///
    /// - Throws: stage `protocol`; with `supportedVersions` when the version is not spoken here, whatever else is wrong.
    package static func read(_ payload: [UInt8]) throws(ShimFailure) -> ShimRequest {
        let unspoken: Int
        do throws(JSONError) {
            let field = JSONField(try JSONValue(parsing: payload))
            let version = try field["version"].int(Int.self)
            if ShimProtocol.supportedVersions.contains(version) { return try ShimRequest(json: field) }
            unspoken = version
        } catch {
            throw ShimFailure(stage: "protocol", message: "bad request: \(error)")
        }
        throw Self.unsupported(unspoken)
    }

    private static func unsupported(_ version: Int) -> ShimFailure {
        let spoken = ShimProtocol.supportedVersions
        return ShimFailure(
            stage: "protocol",
            message: "shim protocol version \(version) is not spoken here, only "
                + spoken.map(String.init).joined(separator: ", "),
            supportedVersions: spoken)
    }
}
