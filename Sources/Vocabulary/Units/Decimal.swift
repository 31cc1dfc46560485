/// A number with a fraction as a person writes it, exact where a double would not be.
struct Decimal {
    private let units: UInt64
    /// In billionths.
    private let billionths: UInt64
    /// Whether digits beyond the billionths were cut off.
    let isCut: Bool

    /// Reads digits with at most one point among them, such as `1`, `1.5`, `.5` or `2.`; `nil` for anything else.
    init?(parsing text: Substring) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let (whole, fraction) = (parts[0], parts.count > 1 ? parts[1] : "")
        guard !whole.isEmpty || !fraction.isEmpty, whole.utf8.allSatisfy(Self.isDigit),
            fraction.utf8.allSatisfy(Self.isDigit)
        else { return nil }
        guard let units = whole.isEmpty ? 0 : UInt64(whole),
            let billionths = UInt64((fraction + "000000000").prefix(9))
        else { return nil }
        self.units = units
        self.billionths = billionths
        isCut = fraction.dropFirst(9).contains { $0 != "0" }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The product with the fraction cut off, or `nil` when `UInt64` does not hold it.
    func times(_ factor: UInt64) -> UInt64? {
        let (product, overflow) = units.multipliedReportingOverflow(by: factor)
        let wide = billionths.multipliedFullWidth(by: factor)
        let part = UInt64(1_000_000_000).dividingFullWidth(wide).quotient
        let (sum, carry) = product.addingReportingOverflow(part)
        return overflow || carry ? nil : sum
    }
}
