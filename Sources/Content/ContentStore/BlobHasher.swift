internal import struct Crypto.SHA256
internal import struct Crypto.SHA512
package import ImageSpec

/// Hashes bytes as they pass, with the algorithm of a digest.
package struct BlobHasher: Sendable {
    private enum State: Sendable {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    private var state: State
    /// Bytes so far.
    package private(set) var count: Int64 = 0

    package init(_ algorithm: Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256: state = .sha256(SHA256())
        case .sha512: state = .sha512(SHA512())
        }
    }

    package var algorithm: Digest.Algorithm {
        switch state {
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += Int64(bytes.count)
        switch state {
        case .sha256(var hash):
            state = .sha256(SHA256())  // leaves `hash` the only owner, so that it is not copied
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha512(var hash):
            state = .sha512(SHA512())
            hash.update(bufferPointer: bytes)
            state = .sha512(hash)
        }
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of the bytes so far; more may follow.
    package var digest: Digest {
        switch state {
        case .sha256(let hash): Digest(.sha256, hash: Array(hash.finalize()))
        case .sha512(let hash): Digest(.sha512, hash: Array(hash.finalize()))
        }
    }

    package static func digest(of bytes: [UInt8], _ algorithm: Digest.Algorithm = .sha256) -> Digest {
        var hasher = BlobHasher(algorithm)
        hasher.update(bytes)
        return hasher.digest
    }

    /// The chain IDs of a stack of layers, the lowest first.
    package static func chainIDs(of diffIDs: [Digest]) -> [Digest] {
        Digest.chainIDs(of: diffIDs) { Array(SHA256.hash(data: $0)) }
    }
}
