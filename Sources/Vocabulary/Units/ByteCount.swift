/// A number of bytes, such as a memory limit or the length of a blob.
///
/// Written `512`, `64k`, `10m`, `2.2g`, `1t` or `1p`, in powers of 1024 and either case; `b` may follow, or `ib` as
/// in `KiB`.
///
/// Source: docker/go-units, `size.go`.
package struct ByteCount: Hashable, Sendable {
    package let bytes: UInt64

    package init(_ bytes: UInt64) {
        self.bytes = bytes
    }

    private static let powers: [Character: UInt64] = ["k": 1, "m": 2, "g": 3, "t": 4, "p": 5]

    /// Reads what a person typed; a fraction of a byte is cut off.
    ///
    /// - Throws: ``ParseError`` unless `text` is a number, at most one space and at most one suffix.
    package init(parsing text: String) throws(ParseError) {
        func malformed(_ reason: String) -> ParseError { ParseError("size", text, reason) }
        guard let end = text.lastIndex(where: { $0.isASCII && ($0.isNumber || $0 == "." || $0 == " ") }) else {
            throw malformed("a number must come first")
        }
        let number = text[...end].hasSuffix(" ") ? text[..<end] : text[...end]
        let suffix = text[text.index(after: end)...].lowercased()
        guard suffix.isEmpty || suffix == "b" || Self.powers[suffix.first ?? " "] != nil,
            ["", "b", "ib"].contains(suffix == "b" ? "" : suffix.dropFirst())
        else { throw malformed("the suffix is none of b, k, m, g, t, p") }
        guard let value = Decimal(parsing: number) else { throw malformed("\"\(number)\" is no number") }
        let unit = suffix.first.flatMap { Self.powers[$0] }.map { UInt64(1) << (10 * $0) } ?? 1
        guard let bytes = value.times(unit), bytes <= UInt64(Int64.max) else { throw malformed("too large") }
        self.bytes = bytes
    }
}

extension ByteCount: Comparable {
    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: ExpressibleByIntegerLiteral, CustomStringConvertible {
    package init(integerLiteral value: UInt64) { bytes = value }
    package var description: String { "\(bytes)" }
}

extension ByteCount {
    package static func kibibytes(_ count: UInt64) -> ByteCount { ByteCount(count << 10) }
    package static func mebibytes(_ count: UInt64) -> ByteCount { ByteCount(count << 20) }
    package static func gibibytes(_ count: UInt64) -> ByteCount { ByteCount(count << 30) }

    /// In powers of 1000, as `docker images` shows: `1.234MB`.
    package func decimal(digits: Int = 4) -> String {
        scaled(by: 1000, names: ["B", "kB", "MB", "GB", "TB", "PB", "EB"], digits: digits)
    }

    /// In powers of 1024, as `docker stats` shows: `1.5MiB`.
    package func binary(digits: Int = 4) -> String {
        scaled(by: 1024, names: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], digits: digits)
    }

    private func scaled(by base: Double, names: [String], digits: Int) -> String {
        var value = Double(bytes)
        var names = names[...]
        while value >= base, names.count > 1 {
            value /= base
            names = names.dropFirst()
        }
        return significant(value, digits: digits) + (names.first ?? "")
    }
}

/// `value` with so many significant digits and no zero at the end, as C's `%.4g` without an exponent.
private func significant(_ value: Double, digits: Int) -> String {
    var whole = 1
    while whole < digits, value >= power(10, whole) { whole += 1 }
    let scale = power(10, digits - whole)
    let rounded = UInt64((value * scale).rounded(.toNearestOrEven))
    let (integer, fraction) = rounded.quotientAndRemainder(dividingBy: UInt64(scale))
    guard fraction > 0 else { return "\(integer)" }
    var text = String(fraction)
    text = String(repeating: "0", count: digits - whole - text.count) + text
    while text.hasSuffix("0") { text.removeLast() }
    return "\(integer).\(text)"
}

private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { result, _ in result * base }
}
