internal import NIOCore
internal import Synchronization

/// Whether the client has read the head of the answer that hands the connection over.
///
/// docker-py reads the head through a buffer and the stream from the socket below it, so that output which arrives in
/// one piece with the head is lost to it. dockerd is slow enough to get away with that; we ask the kernel, which knows
/// what the peer of a Unix socket has not read yet, before the first output is sent.
///
/// Source: socket(7), SO_MEMINFO; docker-py 7.1, `_get_raw_response_socket`.
final class HeadReceipt: Sendable {
    /// A client that takes longer does not lose anything by then.
    private static let patience = Duration.milliseconds(100)
    private static let pause = Duration.microseconds(200)

    private let isDone: Mutex<Bool>
    private let channel: any Channel

    /// `isLocal` says whether the connection is a Unix socket; on others there is nothing to ask.
    init(channel: any Channel, isLocal: Bool) {
        self.channel = channel
        isDone = Mutex(!isLocal)
    }

    /// Returns when the client has read the head, or has had time enough.
    func awaited() async {
        guard !isDone.withLock({ $0 }) else { return }
        let deadline = ContinuousClock.now + Self.patience
        while await unreadBytes() > 0, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: Self.pause)
        }
        isDone.withLock { $0 = true }
    }

    /// What the kernel keeps for the peer, in bytes of its own memory; 0 when it does not say.
    private func unreadBytes() async -> UInt32 {
        guard let options = channel as? any SocketOptionProvider else { return 0 }
        let memory: EventLoopFuture<SocketMemory> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SocketMemory.option))
        return (try? await memory.get().written) ?? 0
    }
}

/// What SO_MEMINFO gives.
///
/// Source: include/uapi/linux/sock_diag.h, Linux 6.1.
private struct SocketMemory: Sendable {
    static let option: CInt = 55

    var readAllocated: UInt32 = 0
    var receiveBuffer: UInt32 = 0
    var written: UInt32 = 0
    var sendBuffer: UInt32 = 0
    var forwardAllocated: UInt32 = 0
    var queued: UInt32 = 0
    var options: UInt32 = 0
    var backlog: UInt32 = 0
    var dropped: UInt32 = 0
}
