package import JSON

extension RuntimeSpec {
    /// The size of a terminal in characters.
    package struct ConsoleSize: Equatable, Sendable {
        package var height: UInt
        package var width: UInt
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(height: UInt, width: UInt) {
            self.height = height
            self.width = width
        }
    }

    /// User and group ids, as the container sees them.
    package struct User: Equatable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
        /// Absent: the one of the caller.
        package var umask: UInt32?
        package var additionalGids: [UInt32]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(uid: UInt32 = 0, gid: UInt32 = 0, umask: UInt32? = nil, additionalGids: [UInt32]? = nil) {
            self.uid = uid
            self.gid = gid
            self.umask = umask
            self.additionalGids = additionalGids
        }
    }

    /// Names such as `CAP_KILL` for each of the five sets.
    ///
    /// Source: capabilities(7).
    package struct Capabilities: Equatable, Sendable {
        /// The most that any program can have.
        package var bounding: [String]?
        /// What the kernel checks.
        package var effective: [String]?
        /// Kept over `execve` of a program whose file says so.
        package var inheritable: [String]?
        /// What may be made effective.
        package var permitted: [String]?
        /// Kept over `execve` of any program without privileges of its own.
        package var ambient: [String]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            bounding: [String]? = nil, effective: [String]? = nil, inheritable: [String]? = nil,
            permitted: [String]? = nil, ambient: [String]? = nil
        ) {
            self.bounding = bounding
            self.effective = effective
            self.inheritable = inheritable
            self.permitted = permitted
            self.ambient = ambient
        }
    }

    /// A resource limit; `UInt64.max` is "unlimited".
    ///
    /// Source: setrlimit(2).
    package struct Rlimit: Equatable, Sendable {
        /// Such as `RLIMIT_NOFILE`.
        package var type: String
        package var soft: UInt64
        package var hard: UInt64
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(type: String, soft: UInt64, hard: UInt64) {
            self.type = type
            self.soft = soft
            self.hard = hard
        }
    }

    /// A scheduling policy.
    ///
    /// Source: sched(7).
    package enum SchedulerPolicy: String, WireName {
        case other = "SCHED_OTHER"
        case fifo = "SCHED_FIFO"
        case roundRobin = "SCHED_RR"
        case batch = "SCHED_BATCH"
        case iso = "SCHED_ISO"
        case idle = "SCHED_IDLE"
        case deadline = "SCHED_DEADLINE"
    }

    /// How the kernel schedules the process.
    ///
    /// Source: sched_setattr(2).
    package struct Scheduler: Equatable, Sendable {
        package var policy: SchedulerPolicy
        /// From -20 to 19.
        package var nice: Int32?
        /// For `SCHED_FIFO` and `SCHED_RR`.
        package var priority: Int32?
        /// Such as `SCHED_FLAG_RESET_ON_FORK`.
        package var flags: [String]?
        /// Nanoseconds in each period, for `SCHED_DEADLINE`.
        package var runtime: UInt64?
        /// In nanoseconds.
        package var deadline: UInt64?
        /// In nanoseconds.
        package var period: UInt64?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            policy: SchedulerPolicy, nice: Int32? = nil, priority: Int32? = nil, flags: [String]? = nil,
            runtime: UInt64? = nil, deadline: UInt64? = nil, period: UInt64? = nil
        ) {
            self.policy = policy
            self.nice = nice
            self.priority = priority
            self.flags = flags
            self.runtime = runtime
            self.deadline = deadline
            self.period = period
        }
    }

    /// A class of I/O scheduling.
    ///
    /// Source: ioprio_set(2).
    package enum IOPriorityClass: String, WireName {
        case realtime = "IOPRIO_CLASS_RT"
        case bestEffort = "IOPRIO_CLASS_BE"
        case idle = "IOPRIO_CLASS_IDLE"
    }

    /// How the kernel orders the I/O of the process.
    package struct IOPriority: Equatable, Sendable {
        package var `class`: IOPriorityClass
        /// From 0, the highest, to 7.
        package var priority: Int
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(`class`: IOPriorityClass, priority: Int = 0) {
            self.`class` = `class`
            self.priority = priority
        }
    }

    /// Lists of CPUs such as `0-3,7` for `exec`.
    package struct CPUAffinity: Equatable, Sendable {
        /// Before the process moves to the cgroup of the container.
        package var initial: String?
        /// After it has moved.
        package var final: String?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(initial: String? = nil, final: String? = nil) {
            self.initial = initial
            self.final = final
        }
    }
}

extension RuntimeSpec.ConsoleSize: JSONCodable {
    private static let known = [
        "height", "width",
    ]

    package init(json: JSONField) throws(JSONError) {
        height = try json["height"].int()
        width = try json["width"].int()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["height"] = height.json
        json["width"] = width.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.User: JSONCodable {
    private static let known = [
        "uid", "gid", "umask", "additionalGids",
    ]

    package init(json: JSONField) throws(JSONError) {
        uid = try json["uid"].intIfPresent() ?? 0
        gid = try json["gid"].intIfPresent() ?? 0
        umask = try json["umask"].intIfPresent()
        additionalGids = try json["additionalGids"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["uid"] = uid.json
        json["gid"] = gid.json
        json["umask"] = umask?.json
        json["additionalGids"] = additionalGids?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Capabilities: JSONCodable {
    private static let known = [
        "bounding", "effective", "inheritable", "permitted", "ambient",
    ]

    package init(json: JSONField) throws(JSONError) {
        bounding = try json["bounding"].stringsIfPresent()
        effective = try json["effective"].stringsIfPresent()
        inheritable = try json["inheritable"].stringsIfPresent()
        permitted = try json["permitted"].stringsIfPresent()
        ambient = try json["ambient"].stringsIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["bounding"] = bounding?.json
        json["effective"] = effective?.json
        json["inheritable"] = inheritable?.json
        json["permitted"] = permitted?.json
        json["ambient"] = ambient?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Rlimit: JSONCodable {
    private static let known = [
        "type", "soft", "hard",
    ]

    package init(json: JSONField) throws(JSONError) {
        type = try json["type"].string()
        soft = try json["soft"].int()
        hard = try json["hard"].int()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["type"] = type.json
        json["soft"] = soft.json
        json["hard"] = hard.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Scheduler: JSONCodable {
    private static let known = [
        "policy", "nice", "priority", "flags", "runtime", "deadline", "period",
    ]

    package init(json: JSONField) throws(JSONError) {
        policy = try json["policy"].read()
        nice = try json["nice"].intIfPresent()
        priority = try json["priority"].intIfPresent()
        flags = try json["flags"].stringsIfPresent()
        runtime = try json["runtime"].intIfPresent()
        deadline = try json["deadline"].intIfPresent()
        period = try json["period"].intIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["policy"] = policy.json
        json["nice"] = nice?.json
        json["priority"] = priority?.json
        json["flags"] = flags?.json
        json["runtime"] = runtime?.json
        json["deadline"] = deadline?.json
        json["period"] = period?.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.IOPriority: JSONCodable {
    private static let known = [
        "class", "priority",
    ]

    package init(json: JSONField) throws(JSONError) {
        `class` = try json["class"].read()
        priority = try json["priority"].intIfPresent() ?? 0
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["class"] = `class`.json
        json["priority"] = priority.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.CPUAffinity: JSONCodable {
    private static let known = [
        "initial", "final",
    ]

    package init(json: JSONField) throws(JSONError) {
        initial = try json["initial"].nonEmptyString()
        final = try json["final"].nonEmptyString()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["initial"] = initial?.json
        json["final"] = final?.json
        json.merge(extra)
        return .object(json)
    }
}
