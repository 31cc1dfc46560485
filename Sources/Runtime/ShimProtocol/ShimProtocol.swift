/// How pouchd talks with the shim beside one container.
///
/// ```
///  pouchd                                       pouch-runtime shim                          container
///    | writes DIR/shim.json, DIR/config.json            |                                        |
///    | posix_spawn: --directory DIR, fd 3 = report ---->| listens on DIR/shim.sock (0600)        |
///    |              fd 4… = sockets attached before     | create + start, by a copy of itself -->| execve
///    |                      the container starts        |                                        |
///    |<-- fd 3: {"pid":N,…} or {"error":{…}}, closed ---|                                        |
///    |                                                  |                                        |
///    |--- connect shim.sock --------------------------->| SO_PEERCRED: root of the host, or shut |
///    |--- request(1) {"version":1,"request":"attach"} ->|                                        |
///    |<-- reply(2) {"version":1,"reply":"done"} --------|                                        |
///    |--- stdin(16) bytes … end-of-stdin(19) ---------->|--- pipe or pty ----------------------->| 0
///    |<-- stdout(17) / stderr(18) bytes ----------------|<-- pipes or pty -----------------------| 1, 2
///    |                                                  |--- json-file log                       |
///    |                                                  |                        exit, reaped <--|
///    |                                                  | drains the pipes, syncs the log        |
///    |                                                  | DIR/exit.json (write + rename)         |
///    |<-- end-of-output(20) ----------------------------|                                        |
///    |<-- event(3) {"event":"exited",…}, closed --------| to every attached and subscribed one   |
///    |                                                  | removes cgroup, state; poststop hooks  |
///    |<-- event(3) {"event":"deleted"} -----------------| to subscribers: a restart may begin    |
///    |--- request(1) shutdown ------------------------->| removes DIR/shim.sock, ends            |
/// ```
///
/// A frame is one byte of type, four bytes of length (big endian) and the payload. Requests on one connection are
/// answered in order. `attach` and `exec` turn their connection into a stream: output frames, `end-of-output`, the
/// `exited` event, then the shim closes it; it still takes requests, but they queue behind stdin that the container
/// does not read, so resize and kill belong on another connection. Several connections may be open at any time and
/// nothing depends on any of them: when all are gone, the container runs on and its log is written.
///
/// **Streams.** Every attached connection sees the output from the moment it attached, whole and in order. A reader
/// that is slow slows the container down, as with docker; one that has hung up is forgotten. `end-of-stdin` closes the
/// container's stdin when the configuration says `stdinOnce` (and for an exec), so does `closeStdin` at any time; hanging up
/// is a detach and closes nothing (but an exec's stdin, since nobody can attach to an exec again). Half-closing a connection ends its requests and nothing else.
///
/// **Versions.** Every request carries `version`. A shim refuses versions it does not speak by an error that lists those
/// it does, so a new pouchd can fall back. Fields and events that a reader does not know are to be ignored, unknown
/// requests get an error, unknown frame types end the connection.
///
/// **Crashes.** The order on disk decides what a `kill -9` of the shim leaves: while the container runs, `shim.json`, `state.json` of
/// the runtime and the cgroup, by which pouchd kills and removes it (exit code unknown); after `exit.json`, the exit code,
/// with at most an empty cgroup and a state folder to be removed. Removal is idempotent, so repeating it is the repair.
package enum ShimProtocol {
    /// The version this program speaks best.
    package static let version = 1
    /// All versions this program speaks, oldest first.
    package static let supportedVersions = [1]
    /// The longest payload of a request, reply or event, in bytes.
    package static let longestMessage = 8 << 20
    /// The longest payload of a stream frame, in bytes; longer data is sent as several frames.
    package static let longestStreamPayload = 64 << 10
    /// Where the shim reports how the start went: one line of JSON, then closed.
    package static let reportDescriptor: Int32 = 3

    /// Names inside the shim's directory.
    package enum FileName {
        package static let configuration = "shim.json"
        package static let socket = "shim.sock"
        package static let exit = "exit.json"
        /// Where an exec's exit is kept until pouchd removes it.
        package static func exit(ofExec id: String) -> String { "exec-\(id).json" }
    }
}
