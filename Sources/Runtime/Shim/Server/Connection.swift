internal import Glibc
internal import ShimProtocol

/// One client of the shim's socket, or an inherited one.
final class Connection {
    let id: ConnectionID
    var watch: Watch
    var decoder = FrameDecoder()
    /// Of the user whose request is being performed.
    var requestID: String?
    /// A request that somebody else's runtime is still working on: later ones wait for it.
    var isAwaitingRuntime = false
    /// The client sends no more requests and no more stdin.
    var isHalfClosed = false
    /// Everything was said and our side is shut; only its closing is awaited.
    var isShut = false

    init(id: ConnectionID, watch: Watch) {
        self.id = id
        self.watch = watch
    }

    deinit { close(watch.fd) }
}
