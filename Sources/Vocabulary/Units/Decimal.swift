/// A number with a fraction as a person writes it, exact to 18 decimals, where a double would not be.
struct Decimal {
    let whole: UInt64
    /// In units of 10 to the power of -18; what is beyond is cut off.
    private let fraction: UInt64

    private static let one: UInt64 = 1_000_000_000_000_000_000

    /// Reads digits with at most one point among them, such as `1`, `1.5`, `.5` or `2.`; `nil` for anything else.
    init?(parsing text: Substring) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let (whole, fraction) = (parts[0], parts.count > 1 ? parts[1] : "")
        guard !whole.isEmpty || !fraction.isEmpty, whole.utf8.allSatisfy(Self.isDigit),
            fraction.utf8.allSatisfy(Self.isDigit)
        else { return nil }
        guard let units = whole.isEmpty ? 0 : UInt64(whole),
            let part = UInt64((fraction + String(repeating: "0", count: 18)).prefix(18))
        else { return nil }
        self.whole = units
        self.fraction = part
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The product with its fraction cut off, or `nil` when `UInt64` does not hold it.
    func times(_ factor: UInt64) -> UInt64? {
        let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
        let (sum, carry) = product.addingReportingOverflow(fraction(of: factor))
        return overflow || carry ? nil : sum
    }

    /// What the fraction alone is of `unit`, itself cut off to a whole number.
    func fraction(of unit: UInt64) -> UInt64 {
        Self.one.dividingFullWidth(fraction.multipliedFullWidth(by: unit)).quotient
    }

    /// Whether the product has no fraction.
    func isWhole(times factor: UInt64) -> Bool {
        Self.one.dividingFullWidth(fraction.multipliedFullWidth(by: factor)).remainder == 0
    }
}
