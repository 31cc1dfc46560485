/// A number of processors, in billionths of one.
///
/// Written `2`, `1.5` or `.25`, and in the pool's way `500m` for half of one.
///
/// Source: docker/cli, `opts.ParseCPUs`; Kubernetes, "Resource units".
package struct CPUCount: Hashable, Sendable {
    package let nano: Int64

    package init(nano: Int64) {
        self.nano = nano
    }

    package init(milli: Int64) {
        nano = milli * 1_000_000
    }

    /// Rounded up, as a part of a processor that is counted as nothing would be given away twice.
    package var milli: Int64 { (nano + 999_999) / 1_000_000 }

    /// Reads what a person typed.
    ///
    /// - Throws: ``ParseError`` unless it is a number of at most nine decimals.
    package init(parsing text: String) throws(ParseError) {
        let isMilli = text.hasSuffix("m")
        let unit: UInt64 = isMilli ? 1_000_000 : 1_000_000_000
        guard let value = Decimal(parsing: isMilli ? text.dropLast() : text[...]),
            let nano = value.times(unit).flatMap({ Int64(exactly: $0) })
        else { throw ParseError("number of CPUs", text, "not a number such as 1.5") }
        guard value.isWhole(times: unit) else { throw ParseError("number of CPUs", text, "value is too precise") }
        self.nano = nano
    }
}

extension CPUCount: Comparable {
    package static func < (left: CPUCount, right: CPUCount) -> Bool { left.nano < right.nano }
}

extension CPUCount: CustomStringConvertible {
    /// As it is written, such as `1.5`.
    package var description: String {
        let (whole, fraction) = nano.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard fraction != 0 else { return "\(whole)" }
        var digits = String(fraction.magnitude)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole == 0 && fraction < 0 ? "-" : "")\(whole).\(digits)"
    }
}
