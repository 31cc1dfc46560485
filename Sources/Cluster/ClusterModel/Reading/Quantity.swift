/// An amount as Kubernetes writes it: `2`, `500m`, `1.5`, `64Mi`, `10G`, `1e3`.
///
/// Source: Kubernetes, `apimachinery/pkg/api/resource`.
package enum Quantity {
    private static let suffixes: [(String, Double)] = [
        ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
        ("Pi", 1_125_899_906_842_624), ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9),
        ("T", 1e12), ("P", 1e15), ("Ei", 1_152_921_504_606_846_976), ("E", 1e18),
    ]

    /// In units of one, or `nil` when `text` is no quantity or is below zero.
    package static func parse(_ text: String) -> Double? {
        let (suffix, factor) = suffixes.first { text.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Double(text.dropLast(suffix.count)), number.isFinite, number >= 0 else { return nil }
        return number * factor
    }
}
