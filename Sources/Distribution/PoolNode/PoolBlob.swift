internal import ContentStore
internal import Glibc
internal import ImageSpec
internal import Lanes
internal import LinuxKernel
internal import NIOCore
internal import Peer
internal import Pieces
internal import Synchronization
internal import Transfer

/// One blob that this node fetches from the pool or gives to it: its files, on a lane of its own, and who waits for it.
actor PoolBlob: LaneBound {
    nonisolated let lane = BlockingLane()
    nonisolated let digest: Digest
    nonisolated let length: Int64
    nonisolated let layout: PieceLayout
    nonisolated let progress: BlobProgress
    private let files: PieceFiles
    private var isErased = false

    private init(_ files: PieceFiles) {
        self.files = files
        digest = files.blob
        length = files.layout.length
        layout = files.layout
        progress = BlobProgress(files.have)
    }

    /// Opens the blob's folder below `root`.
    static func open(_ digest: Digest, length: Int64, below root: String) async throws(SyscallError) -> PoolBlob {
        try await Lanes.shared.run { () throws(SyscallError) in
            PoolBlob(
                try PieceFiles(digest, length: length, folder: "\(root)/\(digest.algorithm.rawValue)-\(digest.hex)"))
        }
    }

    /// What it takes, when bytes last came, and whether the content store has them too.
    var space: (bytes: Int64, lastUse: Int64, isShared: Bool) { files.space }

    /// Removes everything, once; what is being sent is sent.
    func erase() throws(SyscallError) {
        guard !isErased else { return }
        isErased = true
        try files.erase()
    }

    var have: PieceSet { files.have }
    var map: PieceMap { files.map }
    /// Whether the content store has it, which hashed it.
    var isMerged: Bool { files.isMerged }

    /// What the machine has to know of what an earlier run left.
    func order(_ urgency: Urgency, isComplete: Bool) -> BlobOrder {
        var order = BlobOrder(blob: digest, length: length, urgency: urgency)
        order.have = files.have
        order.map = files.map
        order.isComplete = isComplete
        return order
    }

    /// Keeps a piece that matches its proof.
    func store(_ piece: Int, _ bytes: ByteBuffer, _ proof: PieceProof) throws(SyscallError) {
        try files.store(piece, bytes, proof)
        progress.arrived(piece)
    }

    /// Those that the disk does not let go are here still, for who asks.
    func drop(_ pieces: PieceSet) throws(SyscallError) {
        defer { progress.lost(pieces.subtracting(files.have)) }
        try files.drop(pieces)
    }

    /// Pieces that do not match their proofs any more: of `suspects`, and of all when one of them does not.
    func damaged(among suspects: PieceSet) -> PieceSet { files.damaged(among: suspects) }

    /// A piece on its way to a peer, with its proof; nil when it is not here, or not whole.
    func part(_ piece: Int, ended: @escaping @Sendable (Int64) -> Void) throws(SyscallError) -> FilePart? {
        guard files.have.contains(piece), let proof = files.map[piece] else { return nil }
        let file = try files.opened()
        let range = layout.bytes(of: piece)
        guard try Files.status(of: file.raw).size >= range.upperBound else { return nil }
        return FilePart(file, range, of: length, proof: ProofText.encode(proof), ended: ended)
    }

    /// Bytes of pieces that are here.
    func read(_ range: Range<Int64>) throws(SyscallError) -> [UInt8] {
        try files.read(range)
    }

    func isWhole() throws(SyscallError) -> Bool { try files.isWhole() }

    /// Shares the bytes with the content store's file, if that is there by now.
    func merge(_ content: ContentStore) -> Bool {
        guard !files.isMerged, content.contains(digest) else { return files.isMerged }
        return (try? files.merge(with: content.path(of: digest))) != nil
    }
}

/// How far a blob has come, for those who wait for a piece of it; any thread may ask.
final class BlobProgress: Sendable {
    private struct State {
        var have: PieceSet
        var failure: String?
        /// Whether trying again at once is of no use.
        var isFinal = false
        var isConfirmed = false
        /// How many readers hash the whole and will say what they found.
        var verifiers = 0
        var serial = 0
        var waiters: [Int: (piece: Int, continuation: CheckedContinuation<Bool, Never>)] = [:]
    }

    private let state: Mutex<State>

    init(_ have: PieceSet) { state = Mutex(State(have: have)) }

    var have: PieceSet { state.withLock { $0.have } }
    /// Why the blob does not come.
    var failure: String? { state.withLock { $0.failure } }
    /// The same for who reads the blob.
    var readFailure: BlobSourceError {
        let (reason, isFinal) = state.withLock { ($0.failure ?? "cancelled", $0.isFinal) }
        return isFinal ? .refused(reason) : .interrupted(reason, after: nil)
    }
    var isConfirmed: Bool { state.withLock { $0.isConfirmed } }

    func arrived(_ piece: Int) {
        settle { state in
            state.have.insert(piece)
            state.failure = nil
        }
    }

    func lost(_ pieces: PieceSet) {
        state.withLock { state in
            state.have.subtract(pieces)
            if !state.have.isFull { state.isConfirmed = false }
        }
    }

    func verifierCame() { state.withLock { $0.verifiers += 1 } }

    /// Says whether it was the last one.
    func verifierWent() -> Bool {
        state.withLock { state in
            state.verifiers -= 1
            return state.verifiers == 0
        }
    }

    /// Whether somebody who reads the blob will say if it is the right one.
    var isBeingVerified: Bool { state.withLock { $0.verifiers > 0 } }
    func confirm() { settle { $0.isConfirmed = true } }
    func fail(_ failure: TransferFailure) {
        let isFinal = if case .disk = failure { true } else { failure == .diskFull }
        settle { ($0.failure, $0.isFinal) = (failure.description, isFinal) }
    }
    /// It does not come by itself any more; asking again helps.
    func interrupt(_ reason: String) { settle { if !$0.isConfirmed { ($0.failure, $0.isFinal) = (reason, false) } } }
    /// Another try begins.
    func begin() { state.withLock { $0.failure = nil } }

    /// Waits until `piece` is here; false when it will not come.
    func wait(for piece: Int) async -> Bool {
        let number = state.withLock { state in
            state.serial += 1
            return state.serial
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if let answer = Self.answer(piece, state) { return answer }
                    if Task.isCancelled { return false }
                    state.waiters[number] = (piece, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume(returning: false)
        }
    }

    private static func answer(_ piece: Int, _ state: State) -> Bool? {
        if state.have.contains(piece) { return true }
        return state.failure == nil ? nil : false
    }

    private func settle(_ change: (inout State) -> Void) {
        let ready = state.withLock { state in
            change(&state)
            let ready = state.waiters.compactMap { number, waiter in
                Self.answer(waiter.piece, state).map { (number, waiter.continuation, $0) }
            }
            for (number, _, _) in ready { state.waiters[number] = nil }
            return ready
        }
        for (_, continuation, answer) in ready { continuation.resume(returning: answer) }
    }
}
