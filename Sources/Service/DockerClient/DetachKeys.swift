/// The keys that leave a container running and give the terminal back, and the machine that looks for them.
///
/// Bytes in, bytes to pass on out. A key that may begin the sequence is held until it is clear that it does not.
package struct DetachKeys: Sendable {
    /// What to do with the bytes that were typed.
    package struct Verdict: Equatable, Sendable {
        /// What the container should get.
        package var pass: [UInt8]
        /// The sequence is complete; `pass` is what stood before it.
        package var isDetached: Bool
    }

    private let sequence: [UInt8]
    private var matched = 0

    /// The keys `ctrl-p,ctrl-q`.
    package static let standard = DetachKeys(sequence: [0x10, 0x11])

    private init(sequence: [UInt8]) {
        self.sequence = sequence
    }

    /// Reads keys such as `ctrl-p,ctrl-q` or `a,b`.
    ///
    /// A key is one character, or `ctrl-` with a letter or one of `@`, `[`, `\`, `]`, `^` and `_`.
    ///
    /// - Throws: ``ClientError/keys(_:reason:)``.
    ///
    /// Source: docker run(1), --detach-keys.
    package init(parsing text: String) throws(ClientError) {
        var bytes: [UInt8] = []
        for key in text.split(separator: ",", omittingEmptySubsequences: false) {
            let characters = Array(key.utf8)
            if characters.count == 1 {
                bytes.append(characters[0])
            } else if characters.count == 6, key.lowercased().hasPrefix("ctrl-") {
                bytes.append(try Self.control(characters[5], in: text))
            } else {
                throw .keys(text, reason: "unknown key \"\(key)\"")
            }
        }
        sequence = bytes
    }

    private static func control(_ character: UInt8, in text: String) throws(ClientError) -> UInt8 {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 1
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A") + 1
        case UInt8(ascii: "@"): 0
        case UInt8(ascii: "[")...UInt8(ascii: "_"): character - UInt8(ascii: "@")
        default: throw .keys(text, reason: "ctrl- needs a letter or one of @[\\]^_")
        }
    }

    /// Looks at what was typed.
    package mutating func feed(_ bytes: ArraySlice<UInt8>) -> Verdict {
        var pass: [UInt8] = []
        pass.reserveCapacity(bytes.count)
        for byte in bytes {
            // The keys held so far are a prefix of the sequence; keep the longest end of them that may still begin it.
            while matched > 0, sequence[matched] != byte {
                let held = Array(sequence[..<matched])
                var kept = matched - 1
                while kept > 0, !held.hasSuffix(sequence[..<kept]) { kept -= 1 }
                pass += held[..<(matched - kept)]
                matched = kept
            }
            guard sequence[matched] == byte else {
                pass.append(byte)
                continue
            }
            matched += 1
            if matched == sequence.count {
                matched = 0
                return Verdict(pass: pass, isDetached: true)
            }
        }
        return Verdict(pass: pass, isDetached: false)
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ end: ArraySlice<UInt8>) -> Bool { suffix(end.count).elementsEqual(end) }
}
