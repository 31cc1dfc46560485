/// The `hugetlb` controller: bytes of huge pages, by page size.
///
/// Source: cgroup-v2.rst, "HugeTLB"; cgroup-v1/hugetlb.rst.
package struct HugePages: Controller {
    package struct PerSize: Hashable, Sendable {
        /// As the kernel writes it: `2MB`, `1GB`, `64KB`.
        package var pageSize: String
        package var limit: Limit

        package init(pageSize: String, limit: Limit) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }

    package var limits: [PerSize] = []

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.hugetlb] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        var settings: [Setting] = []
        for entry in limits {
            let digits = entry.pageSize.utf8.prefix { (48...57).contains($0) }
            guard !digits.isEmpty, ["KB", "MB", "GB"].contains(entry.pageSize.dropFirst(digits.count)) else {
                throw .invalid(
                    controller: "hugetlb", knob: "page size", why: "\(entry.pageSize) is not a size like 2MB")
            }
            let remedy = "this machine has no huge pages of \(entry.pageSize)"
            let value = entry.limit.written(on: hierarchy)
            let last = hierarchy == .v1 ? "limit_in_bytes" : "max"
            settings.append(Setting("hugetlb.\(entry.pageSize).\(last)", value, remedy: remedy))
            // Reserved pages are counted apart since 5.7: without this a group reserves what it may not use.
            settings.append(Setting("hugetlb.\(entry.pageSize).rsvd.\(last)", value, isOptional: true))
        }
        return settings
    }
}
