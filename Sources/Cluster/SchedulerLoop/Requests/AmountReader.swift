package import ClusterModel
package import Scheduling
package import Units

/// Turns quantities into whole numbers that the scheduler can count with.
package enum AmountReader {
    /// More of anything than any pool has; sums over a million pods still fit.
    private static let largest = 1e12

    /// Amounts by name of resource, in units of one; `path` is named when one is too large.
    package static func resources(_ amounts: [String: Double], pods: Int64, path: String) throws(ManifestError)
        -> Resources
    {
        var resources = Resources(pods: pods)
        for name in amounts.keys.sorted() {
            let amount = amounts[name] ?? 0
            switch name {
            case "cpu": resources.cpu = CPUCount(nano: try whole(amount, times: 1e9, most: 1e6, path, name))
            case "memory": resources.memory = ByteCount(UInt64(try whole(amount, most: 1e17, path, name)))
            case "ephemeral-storage": resources.disk = ByteCount(UInt64(try whole(amount, most: 1e17, path, name)))
            case "pods": resources.pods = try whole(amount, most: largest, path, name)
            default: resources.extended[name] = try whole(amount, most: largest, path, name)
            }
        }
        return resources
    }

    /// A size such as a volume's.
    package static func bytes(_ field: Field) throws(ManifestError) -> ByteCount {
        guard field.isPresent else { return ByteCount(0) }
        let amount = try field.quantity()
        guard amount <= 1e17 else { throw ManifestError(field.path, "is too large") }
        return ByteCount(UInt64(amount.rounded(.up)))
    }

    private static func whole(
        _ amount: Double, times factor: Double = 1, most: Double, _ path: String, _ name: String
    ) throws(ManifestError) -> Int64 {
        guard amount >= 0, amount <= most else { throw ManifestError("\(path).\(name)", "is too large") }
        return Int64((amount * factor).rounded(.up))
    }
}
