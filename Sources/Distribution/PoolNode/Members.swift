internal import Identity
internal import NIOCore
internal import Pieces
internal import Synchronization
internal import Transfer

/// Certificates of other nodes, by identity: what a seed's word is verified with.
///
/// Anybody may hand one over, since each is verified; so whoever sent a piece is asked for its seed's.
final class Members: Sendable {
    private let trust: PoolTrust
    private let client: TransferClient
    private let known: Mutex<[PeerID: PoolMember]>

    init(_ trust: PoolTrust, _ client: TransferClient, own: PoolMember) {
        self.trust = trust
        self.client = client
        known = Mutex([PeerID(own.identity.number): own])
    }

    /// The certificate in PEM, for who asks.
    func certificate(of id: PeerID) -> String? { known.withLock { $0[id]?.certificate } }

    /// The node with this identity; asks `source` when it is new here.
    func member(_ id: PeerID, from source: TransferTarget) async -> PoolMember? {
        if let member = known.withLock({ $0[id] }) { return member }
        guard let reply = try? await client.send(TransferCall("GET", "/v1/members/\(id)"), to: source),
            let body = try? reply.success("certificate"),
            let member = try? trust.member(certificate: String(buffer: body)),
            member.identity.number == id.raw
        else { return nil }
        known.withLock { $0[id] = member }
        return member
    }

    /// Whether a seed gave its word that a piece has these bytes.
    func verify(
        _ proof: PieceProof, piece: Int, of blob: PoolBlob, _ bytes: ByteBuffer, from source: TransferTarget
    ) async -> Bool {
        guard Int64(bytes.readableBytes) == blob.layout.length(of: piece), PieceFiles.hash(bytes) == proof.hash,
            let author = await member(proof.author, from: source), author.identity.roles.contains(.seed)
        else { return false }
        return author.signed(proof.statement(about: piece, of: blob.digest, layout: blob.layout), proof.signature)
    }
}
