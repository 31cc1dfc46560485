package import JSON

/// The name of some bytes by their hash, such as `sha256:e3b0…`.
///
/// Source: image-spec 1.1, descriptor.md, "Digests".
package struct Digest: Hashable, Sendable {
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha256, sha512

        /// The length of the hash.
        package var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha512: 64
            }
        }
    }

    package let algorithm: Algorithm
    /// The hash in lower-case hexadecimal digits.
    package let hex: String

    /// Reads `algorithm:hex`.
    ///
    /// - Throws: ``ImageSpecError/invalidDigest(_:reason:)`` unless the algorithm is one of ours and exactly its
    /// digits follow.
    package init(parsing text: String) throws(ImageSpecError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw .invalidDigest(text, reason: "no algorithm before a colon")
        }
        guard let algorithm = Algorithm(rawValue: String(text[..<colon])) else {
            throw .invalidDigest(text, reason: "the algorithm is neither sha256 nor sha512")
        }
        try self.init(algorithm, hex: String(text[text.index(after: colon)...]))
    }

    /// The digest with these digits.
    ///
    /// - Throws: ``ImageSpecError/invalidDigest(_:reason:)`` unless they are as many as the algorithm gives, in lower
    /// case.
    package init(_ algorithm: Algorithm = .sha256, hex: String) throws(ImageSpecError) {
        guard hex.utf8.count == algorithm.byteCount * 2, hex.utf8.allSatisfy(Self.isDigit) else {
            throw .invalidDigest(
                hex, reason: "\(algorithm) has \(algorithm.byteCount * 2) lower-case hexadecimal digits")
        }
        self.algorithm = algorithm
        self.hex = hex
    }

    /// The digest of which `hash` is the hash.
    ///
    /// - Precondition: `hash` is as long as the algorithm's hashes are.
    package init(_ algorithm: Algorithm = .sha256, hash: some Collection<UInt8>) {
        precondition(hash.count == algorithm.byteCount, "a \(algorithm) hash has \(algorithm.byteCount) bytes")
        self.algorithm = algorithm
        var digits: [UInt8] = []
        digits.reserveCapacity(hash.count * 2)
        for byte in hash {
            digits.append(Self.digit(byte >> 4))
            digits.append(Self.digit(byte & 15))
        }
        hex = String(decoding: digits, as: UTF8.self)
    }

    /// The first twelve digits, as `docker images` shows.
    package var short: String { String(hex.prefix(12)) }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension Digest: CustomStringConvertible {
    package var description: String { "\(algorithm.rawValue):\(hex)" }
}

extension Digest: Comparable {
    package static func < (left: Digest, right: Digest) -> Bool {
        (left.algorithm.rawValue, left.hex) < (right.algorithm.rawValue, right.hex)
    }
}

extension Digest: JSONCodable, Codable {
    package init(json: JSONField) throws(JSONError) {
        let text = try json.string()
        do throws(ImageSpecError) {
            try self.init(parsing: text)
        } catch {
            throw json.invalid(error.description)
        }
    }

    package var json: JSONValue { .string(description) }
}

extension Digest {
    /// For each layer the name of the stack that ends with it: the same layers on the same ground have the same name.
    ///
    /// `sha256` gives the hash of some bytes: this room has no cryptography.
    ///
    /// Source: image-spec 1.1, config.md, "Layer ChainID".
    package static func chainIDs(of diffIDs: [Digest], sha256: ([UInt8]) -> [UInt8]) -> [Digest] {
        var chain: [Digest] = []
        for diffID in diffIDs {
            guard let below = chain.last else {
                chain.append(diffID)
                continue
            }
            chain.append(Digest(hash: sha256(Array("\(below) \(diffID)".utf8))))
        }
        return chain
    }
}
