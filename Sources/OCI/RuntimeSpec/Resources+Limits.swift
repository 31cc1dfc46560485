package import JSON

extension RuntimeSpec.Resources {
    /// A rule on access to devices.
    package struct DeviceCgroup: Equatable, Sendable {
        package var allow: Bool
        /// `a` (all, when absent), `c` or `b`.
        package var type: String?
        /// Absent or negative: any.
        package var major: Int64?
        /// Absent or negative: any.
        package var minor: Int64?
        /// Of `r`, `w` and `m` (make nodes).
        package var access: String?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(allow: Bool, type: String? = nil, major: Int64? = nil, minor: Int64? = nil, access: String? = nil)
        {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    /// Limits in bytes; -1 is "unlimited".
    package struct Memory: Equatable, Sendable {
        package var limit: Int64?
        /// What is reclaimed first when memory is short everywhere.
        package var reservation: Int64?
        /// Memory and swap together.
        package var swap: Int64?
        /// Without effect on new kernels.
        package var kernel: Int64?
        package var kernelTCP: Int64?
        /// From 0 to 100.
        package var swappiness: UInt64?
        package var disableOOMKiller: Bool?
        package var useHierarchy: Bool?
        /// Whether a limit below the current usage is refused.
        package var checkBeforeUpdate: Bool?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            limit: Int64? = nil, reservation: Int64? = nil, swap: Int64? = nil, kernel: Int64? = nil,
            kernelTCP: Int64? = nil, swappiness: UInt64? = nil, disableOOMKiller: Bool? = nil,
            useHierarchy: Bool? = nil, checkBeforeUpdate: Bool? = nil
        ) {
            self.limit = limit
            self.reservation = reservation
            self.swap = swap
            self.kernel = kernel
            self.kernelTCP = kernelTCP
            self.swappiness = swappiness
            self.disableOOMKiller = disableOOMKiller
            self.useHierarchy = useHierarchy
            self.checkBeforeUpdate = checkBeforeUpdate
        }
    }

    /// Times in microseconds.
    package struct CPU: Equatable, Sendable {
        /// A weight against other groups, 1024 by default.
        package var shares: UInt64?
        /// In each period; -1 is "unlimited".
        package var quota: Int64?
        package var burst: UInt64?
        package var period: UInt64?
        package var realtimeRuntime: Int64?
        package var realtimePeriod: UInt64?
        /// A list such as `0-3,7`.
        package var cpus: String?
        /// A list of memory nodes.
        package var mems: String?
        /// 1: `SCHED_IDLE` for the whole group.
        package var idle: Int64?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            shares: UInt64? = nil, quota: Int64? = nil, burst: UInt64? = nil, period: UInt64? = nil,
            realtimeRuntime: Int64? = nil, realtimePeriod: UInt64? = nil, cpus: String? = nil, mems: String? = nil,
            idle: Int64? = nil
        ) {
            self.shares = shares
            self.quota = quota
            self.burst = burst
            self.period = period
            self.realtimeRuntime = realtimeRuntime
            self.realtimePeriod = realtimePeriod
            self.cpus = cpus
            self.mems = mems
            self.idle = idle
        }
    }

    /// The number of tasks.
    package struct Pids: Equatable, Sendable {
        /// -1 is "unlimited".
        package var limit: Int64?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(limit: Int64? = nil) {
            self.limit = limit
        }
    }

    /// A limit on huge pages of one size.
    package struct HugepageLimit: Equatable, Sendable {
        /// Such as `2MB`.
        package var pageSize: String
        /// In bytes, on reservations where the kernel counts them, else on usage.
        package var limit: UInt64
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }

    /// Marks on the packets of the container.
    package struct Network: Equatable, Sendable {
        package var classID: UInt32?
        package var priorities: [InterfacePriority]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(classID: UInt32? = nil, priorities: [InterfacePriority]? = nil) {
            self.classID = classID
            self.priorities = priorities
        }
    }

    /// The priority of what leaves through one interface.
    package struct InterfacePriority: Equatable, Sendable {
        package var name: String
        package var priority: UInt32
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(name: String, priority: UInt32) {
            self.name = name
            self.priority = priority
        }
    }

    /// Limits on one RDMA device.
    package struct RDMA: Equatable, Sendable {
        package var hcaHandles: UInt32?
        package var hcaObjects: UInt32?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(hcaHandles: UInt32? = nil, hcaObjects: UInt32? = nil) {
            self.hcaHandles = hcaHandles
            self.hcaObjects = hcaObjects
        }
    }
}

extension RuntimeSpec.Resources.DeviceCgroup: JSONCodable {
    private static let known = [
        "allow", "type", "major", "minor", "access",
    ]

    package init(json: JSONField) throws(JSONError) {
        allow = try json["allow"].bool()
        type = try json["type"].nonEmptyString()
        major = try json["major"].intIfPresent()
        minor = try json["minor"].intIfPresent()
        access = try json["access"].nonEmptyString()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["allow"] = allow.json
        json["type"] = type?.json
        json["major"] = major?.json
        json["minor"] = minor?.json
        json["access"] = access?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.Memory: JSONCodable {
    private static let known = [
        "limit", "reservation", "swap", "kernel", "kernelTCP", "swappiness", "disableOOMKiller", "useHierarchy",
        "checkBeforeUpdate",
    ]

    package init(json: JSONField) throws(JSONError) {
        limit = try json["limit"].intIfPresent()
        reservation = try json["reservation"].intIfPresent()
        swap = try json["swap"].intIfPresent()
        kernel = try json["kernel"].intIfPresent()
        kernelTCP = try json["kernelTCP"].intIfPresent()
        swappiness = try json["swappiness"].intIfPresent()
        disableOOMKiller = try json["disableOOMKiller"].boolIfPresent()
        useHierarchy = try json["useHierarchy"].boolIfPresent()
        checkBeforeUpdate = try json["checkBeforeUpdate"].boolIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["limit"] = limit?.json
        json["reservation"] = reservation?.json
        json["swap"] = swap?.json
        json["kernel"] = kernel?.json
        json["kernelTCP"] = kernelTCP?.json
        json["swappiness"] = swappiness?.json
        json["disableOOMKiller"] = disableOOMKiller?.json
        json["useHierarchy"] = useHierarchy?.json
        json["checkBeforeUpdate"] = checkBeforeUpdate?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.CPU: JSONCodable {
    private static let known = [
        "shares", "quota", "burst", "period", "realtimeRuntime", "realtimePeriod", "cpus", "mems", "idle",
    ]

    package init(json: JSONField) throws(JSONError) {
        shares = try json["shares"].intIfPresent()
        quota = try json["quota"].intIfPresent()
        burst = try json["burst"].intIfPresent()
        period = try json["period"].intIfPresent()
        realtimeRuntime = try json["realtimeRuntime"].intIfPresent()
        realtimePeriod = try json["realtimePeriod"].intIfPresent()
        cpus = try json["cpus"].nonEmptyString()
        mems = try json["mems"].nonEmptyString()
        idle = try json["idle"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["shares"] = shares?.json
        json["quota"] = quota?.json
        json["burst"] = burst?.json
        json["period"] = period?.json
        json["realtimeRuntime"] = realtimeRuntime?.json
        json["realtimePeriod"] = realtimePeriod?.json
        json["cpus"] = cpus?.json
        json["mems"] = mems?.json
        json["idle"] = idle?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.Pids: JSONCodable {
    private static let known = [
        "limit"
    ]

    package init(json: JSONField) throws(JSONError) {
        limit = try json["limit"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["limit"] = limit?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.HugepageLimit: JSONCodable {
    private static let known = [
        "pageSize", "limit",
    ]

    package init(json: JSONField) throws(JSONError) {
        pageSize = try json["pageSize"].string()
        limit = try json["limit"].int()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["pageSize"] = pageSize.json
        json["limit"] = limit.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.Network: JSONCodable {
    private static let known = [
        "classID", "priorities",
    ]

    package init(json: JSONField) throws(JSONError) {
        classID = try json["classID"].intIfPresent()
        priorities = try json["priorities"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["classID"] = classID?.json
        json["priorities"] = priorities?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.InterfacePriority: JSONCodable {
    private static let known = [
        "name", "priority",
    ]

    package init(json: JSONField) throws(JSONError) {
        name = try json["name"].string()
        priority = try json["priority"].int()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["name"] = name.json
        json["priority"] = priority.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Resources.RDMA: JSONCodable {
    private static let known = [
        "hcaHandles", "hcaObjects",
    ]

    package init(json: JSONField) throws(JSONError) {
        hcaHandles = try json["hcaHandles"].intIfPresent()
        hcaObjects = try json["hcaObjects"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["hcaHandles"] = hcaHandles?.json
        json["hcaObjects"] = hcaObjects?.json
        json.merge(extra)
        return .object(json)
    }
}
