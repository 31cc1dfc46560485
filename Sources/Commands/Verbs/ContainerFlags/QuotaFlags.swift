internal import JSON

/// How much may be written where: `--disk-quota` and what belongs to it.
///
/// The original's wire form: a size alone travels as `.*` with the quota id -1.
struct QuotaFlags {
    var quotas: [String] = []
    var id: String?
    var fallback: String?

    static var flags: [Flag<QuotaFlags>] {
        [
            .list(
                "disk-quota",
                "Limit what is written: 10g (all together), /=10g, /dir=10g, /&/dir=10g (shared), .*=10g (each); "
                    + "a following inodes=N limits files", as: "quota", \.quotas),
            .text("quota-id", "Number under which the disk quota counts (-1 chooses one)", \.id),
            .text(
                "disk-quota-fallback", "What to do where no quota can be enforced: fail (default) or ignore",
                \.fallback),
        ]
    }

    func fill(_ config: inout JSONObject) throws(Failure) {
        let (members, isShared) = try Self.members(quotas)
        config.set("DiskQuota", members)
        config.set("QuotaID", id ?? (isShared ? "-1" : nil))
        config.set("DiskQuotaFallback", fallback)
    }

    /// Keys with their limits, and whether it is the one size for all.
    static func members(_ quotas: [String]) throws(Failure) -> (members: JSONObject, isShared: Bool) {
        var members: JSONObject = [:]
        var bare = false
        var last: String?
        for part in quotas.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }).map(String.init) {
            let halves = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            if halves.count == 2, halves[0] == "inodes" {
                // Belongs to the size before it; alone it is for all.
                let key = last ?? ".*"
                bare = bare || last == nil
                members[key] = .string([members[key]?.stringValue, part].compactMap { $0 }.joined(separator: ","))
                last = key
                continue
            }
            guard halves.count <= 2, halves.allSatisfy({ !$0.isEmpty }) else {
                throw .message("invalid disk quota \"\(part)\": SIZE or KEY=SIZE is needed", code: 125)
            }
            let key = halves.count == 2 ? halves[0] : ".*"
            guard members[key] == nil else {
                throw .message("invalid disk quota \"\(part)\": \(key) has one already", code: 125)
            }
            bare = bare || halves.count == 1
            members[key] = .string(halves[halves.count - 1])
            last = key
        }
        guard !bare || members.count == 1 else {
            throw .message("a disk quota without a key is for all, it cannot be combined with others", code: 125)
        }
        return (members, bare)
    }
}
