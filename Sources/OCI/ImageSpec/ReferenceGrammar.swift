/// The rules of a reference's parts, on bytes: nothing but ASCII passes any of them.
///
/// Source: distribution/reference 0.6, `regexp.go`.
enum ReferenceGrammar {
    /// A host name, an IPv4 address or an IPv6 address in brackets; then a colon and a port, or nothing.
    static func isDomain(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var host = bytes[...]
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")), end > 1,
                bytes[1..<end].allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") })
            else { return false }
            let port = bytes[(end + 1)...]
            return port.isEmpty || (port.first == UInt8(ascii: ":") && isPort(port.dropFirst()))
        }
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            guard isPort(bytes[(colon + 1)...]) else { return false }
            host = bytes[..<colon]
        }
        return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, let last = part.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && part.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isDigit)
    }

    /// Components between slashes, each of lower-case letters and digits with separators in between.
    static func isPath(_ text: String) -> Bool {
        Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy(isComponent)
    }

    private static func isComponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else {
            return false
        }
        return bytes.split(whereSeparator: isLowerAlphanumeric).allSatisfy(isSeparator)
    }

    /// One dot, one or two underscores, or any number of dashes.
    private static func isSeparator(_ bytes: ArraySlice<UInt8>) -> Bool {
        if bytes.allSatisfy({ $0 == UInt8(ascii: "-") }) { return true }
        if bytes.allSatisfy({ $0 == UInt8(ascii: "_") }) { return bytes.count <= 2 }
        return bytes.count == 1 && bytes.first == UInt8(ascii: ".")
    }

    /// A letter, digit or underscore, then up to 127 of these or dots or dashes.
    static func isTag(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, isWord(first), bytes.count <= 128 else { return false }
        return bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        Digest.isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
    }
}
