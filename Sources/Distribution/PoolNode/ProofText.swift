internal import Pieces
internal import Units

/// Proofs and grants as header fields.
enum ProofText {
    static func encode(_ proof: PieceProof) -> String { Base64.encoded(proof.encoded(), forURL: true) }

    static func decode(_ text: String?) -> PieceProof? {
        guard let text, let bytes = Base64.decoded(text) else { return nil }
        return try? PieceProof(decoding: bytes)
    }

    static func encode(_ grant: Grant) -> String { Base64.encoded(grant.encoded(), forURL: true) }

    static func grant(_ text: String?) -> Grant? {
        guard let text, let bytes = Base64.decoded(text) else { return nil }
        return try? Grant(decoding: bytes)
    }
}
