/// Finds the keys by which a person leaves a container without ending it, in what they type.
struct DetachKeys: Sendable {
    private let sequence: [UInt8]
    private var matched = 0

    static let standard = "ctrl-p,ctrl-q"

    /// - Throws: ``EngineError/invalid(_:)`` for keys that do not exist.
    init(_ text: String) throws(EngineError) {
        var bytes: [UInt8] = []
        for key in text.split(separator: ",", omittingEmptySubsequences: false) {
            if key.utf8.count == 1, let byte = key.utf8.first {
                bytes.append(byte)
                continue
            }
            let letter = key.utf8.last ?? 0
            guard key.hasPrefix("ctrl-"), key.utf8.count == 6 else {
                throw .invalid("Invalid detach keys (\(text)) provided")
            }
            switch letter {
            case 97...122: bytes.append(letter - 96)
            case 64: bytes.append(0)
            case 91...95: bytes.append(letter - 64)
            default: throw .invalid("Invalid detach keys (\(text)) provided")
            }
        }
        sequence = bytes
    }

    /// What of `bytes` goes on to the container, and whether the keys were pressed.
    mutating func filter(_ bytes: some Sequence<UInt8>) -> (passed: [UInt8], isDetach: Bool) {
        var passed: [UInt8] = []
        for byte in bytes {
            if byte == sequence[matched] {
                matched += 1
                if matched == sequence.count {
                    matched = 0
                    return (passed, true)
                }
                continue
            }
            passed += sequence[..<matched]
            matched = byte == sequence[0] ? 1 : 0
            if matched == 0 { passed.append(byte) } else if sequence.count == 1 { return (passed, true) }
        }
        return (passed, false)
    }
}
