/// Who uses how much: dominant shares of tenants, quotas, and what cohorts lend each other.
///
/// A tenant is a namespace, or the quota it belongs to. Its dominant share is the greatest part, over all kinds of
/// resources, of the whole pool that its pods use, divided by its weight.
///
/// Source: Ghodsi et al., "Dominant Resource Fairness", 2011.
struct Ledger {
    struct Tenant {
        var name: String
        var quota: Quota?
        var nominal: [Double] = []
        var limit: [Double] = []
        var used: [Double] = []
        var lanes: [Int] = []
    }

    private(set) var tenants: [Tenant] = []
    private var numbers: [String: Int] = [:]
    private var vacant: [Int] = []
    private var quotas: [String: Quota] = [:]
    /// By dimension: what all nodes have.
    private(set) var total: [Double] = []

    /// The tenant of a namespace.
    mutating func tenant(of namespace: String, _ dimensions: inout Dimensions) -> Int {
        let quota = quotas[namespace]
        let name = quota?.name ?? namespace
        if let known = numbers[name] { return known }
        let number = vacant.popLast() ?? tenants.count
        numbers[name] = number
        if number == tenants.count { tenants.append(Tenant(name: name)) } else { tenants[number] = Tenant(name: name) }
        setQuota(number, quota, &dimensions)
        return number
    }

    var keptTenants: Int { numbers.count }

    /// The lane is gone; its tenant too, when it was the last and no quota speaks of it.
    mutating func detach(_ lane: Int, from tenant: Int) {
        tenants[tenant].lanes.removeAll { $0 == lane }
        guard tenants[tenant].lanes.isEmpty, tenants[tenant].quota == nil else { return }
        numbers[tenants[tenant].name] = nil
        tenants[tenant] = Tenant(name: "")
        vacant.append(tenant)
    }

    /// Gives the namespaces of `quota` what it says; lanes that exist keep their tenant.
    mutating func add(_ quota: Quota, _ dimensions: inout Dimensions) {
        for namespace in quota.namespaces { quotas[namespace] = quota }
        if let known = numbers[quota.name] {
            setQuota(known, quota, &dimensions)
        } else if let namespace = quota.namespaces.first {
            _ = tenant(of: namespace, &dimensions)  // from now on it lends what it does not use
        }
    }

    private mutating func setQuota(_ tenant: Int, _ quota: Quota?, _ dimensions: inout Dimensions) {
        tenants[tenant].quota = quota
        tenants[tenant].nominal = quota.map { Self.column($0.nominal, &dimensions, absent: 0) } ?? []
        tenants[tenant].limit = quota?.limit.map { Self.column($0, &dimensions, absent: .infinity) } ?? []
    }

    private static func column(
        _ resources: Resources, _ dimensions: inout Dimensions, absent: Double
    ) -> [Double] {
        var column: [Double] = []
        for amount in dimensions.amounts(resources) {
            while column.count <= amount.dimension { column.append(absent) }
            column[amount.dimension] = amount.value
        }
        return column
    }

    mutating func attach(_ lane: Int, to tenant: Int) { tenants[tenant].lanes.append(lane) }

    mutating func addCapacity(_ amounts: [Amount], sign: Double) {
        for amount in amounts {
            while total.count <= amount.dimension { total.append(0) }
            total[amount.dimension] += amount.value * sign
        }
    }

    mutating func charge(_ tenant: Int, _ amounts: [Amount], sign: Double) {
        for amount in amounts {
            while tenants[tenant].used.count <= amount.dimension { tenants[tenant].used.append(0) }
            tenants[tenant].used[amount.dimension] += amount.value * sign
        }
    }

    func share(_ tenant: Int) -> Double {
        var share = 0.0
        for dimension in tenants[tenant].used.indices where dimension < total.count && total[dimension] > 0 {
            share = max(share, tenants[tenant].used[dimension] / total[dimension])
        }
        return share / (tenants[tenant].quota?.weight ?? 1)
    }

    /// Whether the quota, with what the cohort does not use, has room for `amounts`.
    func admits(_ tenant: Int, _ amounts: [Amount]) -> Bool {
        guard let quota = tenants[tenant].quota else { return true }
        for amount in amounts where amount.dimension != Dimensions.pods || quota.countsPods {
            let new = Self.value(tenants[tenant].used, amount.dimension) + amount.value
            let limit =
                amount.dimension < tenants[tenant].limit.count ? tenants[tenant].limit[amount.dimension] : .infinity
            if new > limit { return false }
            if new <= Self.value(tenants[tenant].nominal, amount.dimension) { continue }
            guard let cohort = quota.cohort, lent(cohort, amount) else { return false }
        }
        return true
    }

    /// Whether the cohort as a whole stays within the sum of its quotas.
    private func lent(_ cohort: String, _ amount: Amount) -> Bool {
        var (used, nominal) = (amount.value, 0.0)
        for tenant in tenants where tenant.quota?.cohort == cohort {
            used += Self.value(tenant.used, amount.dimension)
            nominal += Self.value(tenant.nominal, amount.dimension)
        }
        return used <= nominal
    }

    /// Whether `amounts` more would keep the tenant within its own quota: then it may take back what it lent.
    func isWithinNominal(_ tenant: Int, adding amounts: [Amount]) -> Bool {
        guard let quota = tenants[tenant].quota else { return false }
        return amounts.allSatisfy { amount in
            amount.dimension == Dimensions.pods && !quota.countsPods
                || Self.value(tenants[tenant].used, amount.dimension) + amount.value
                    <= Self.value(tenants[tenant].nominal, amount.dimension)
        }
    }

    private static func value(_ column: [Double], _ dimension: Int) -> Double {
        dimension < column.count ? column[dimension] : 0
    }
}

/// What some namespaces together may use, and how much of others' they may borrow.
package struct Quota: Hashable, Sendable {
    package var name: String
    package var namespaces: Set<String>
    package var weight: Double
    /// Theirs, to be taken back when lent.
    package var nominal: Resources
    /// Never more than this, also when borrowing.
    package var limit: Resources?
    /// Quotas that lend each other what they do not use; without one, nothing is borrowed.
    package var cohort: String?
    /// Whether the number of pods is limited as well.
    package var countsPods: Bool

    package init(
        name: String, namespaces: Set<String>, weight: Double = 1, nominal: Resources, limit: Resources? = nil,
        cohort: String? = nil, countsPods: Bool = false
    ) {
        self.name = name
        self.namespaces = namespaces
        self.weight = weight
        self.nominal = nominal
        self.limit = limit
        self.cohort = cohort
        self.countsPods = countsPods
    }
}
