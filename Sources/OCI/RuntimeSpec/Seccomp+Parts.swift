package import JSON

extension RuntimeSpec.Seccomp {
    /// What happens on a system call.
    ///
    /// Source: seccomp_rule_add(3).
    package enum Action: String, WireName {
        case kill = "SCMP_ACT_KILL"
        case killProcess = "SCMP_ACT_KILL_PROCESS"
        case killThread = "SCMP_ACT_KILL_THREAD"
        case trap = "SCMP_ACT_TRAP"
        case errno = "SCMP_ACT_ERRNO"
        case trace = "SCMP_ACT_TRACE"
        case allow = "SCMP_ACT_ALLOW"
        case log = "SCMP_ACT_LOG"
        case notify = "SCMP_ACT_NOTIFY"
    }

    /// A processor architecture, in libseccomp's spelling.
    package enum Arch: String, WireName {
        case x86 = "SCMP_ARCH_X86"
        case x86_64 = "SCMP_ARCH_X86_64"
        case x32 = "SCMP_ARCH_X32"
        case arm = "SCMP_ARCH_ARM"
        case aarch64 = "SCMP_ARCH_AARCH64"
        case mips = "SCMP_ARCH_MIPS"
        case mips64 = "SCMP_ARCH_MIPS64"
        case mips64n32 = "SCMP_ARCH_MIPS64N32"
        case mipsel = "SCMP_ARCH_MIPSEL"
        case mipsel64 = "SCMP_ARCH_MIPSEL64"
        case mipsel64n32 = "SCMP_ARCH_MIPSEL64N32"
        case ppc = "SCMP_ARCH_PPC"
        case ppc64 = "SCMP_ARCH_PPC64"
        case ppc64le = "SCMP_ARCH_PPC64LE"
        case s390 = "SCMP_ARCH_S390"
        case s390x = "SCMP_ARCH_S390X"
        case parisc = "SCMP_ARCH_PARISC"
        case parisc64 = "SCMP_ARCH_PARISC64"
        case riscv64 = "SCMP_ARCH_RISCV64"
        case loongarch64 = "SCMP_ARCH_LOONGARCH64"
        case m68k = "SCMP_ARCH_M68K"
        case sh = "SCMP_ARCH_SH"
        case sheb = "SCMP_ARCH_SHEB"
    }

    /// How an argument is compared.
    package enum Operator: String, WireName {
        case notEqual = "SCMP_CMP_NE"
        case lessThan = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greaterThan = "SCMP_CMP_GT"
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    /// A condition on one argument of a system call.
    package struct Arg: Equatable, Sendable {
        /// From 0 to 5.
        package var index: UInt32
        /// The mask, for `SCMP_CMP_MASKED_EQ`.
        package var value: UInt64
        /// What the masked argument must equal.
        package var valueTwo: UInt64?
        package var op: Operator
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(index: UInt32, value: UInt64, valueTwo: UInt64? = nil, op: Operator) {
            self.index = index
            self.value = value
            self.valueTwo = valueTwo
            self.op = op
        }
    }

    /// What happens on the named system calls when all conditions hold.
    package struct Syscall: Equatable, Sendable {
        package var names: [String]
        package var action: Action
        /// Absent: `EPERM`.
        package var errnoRet: UInt32?
        package var args: [Arg]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(names: [String], action: Action, errnoRet: UInt32? = nil, args: [Arg]? = nil) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }
    }
}

extension RuntimeSpec.Seccomp.Arg: JSONCodable {
    private static let known = [
        "index", "value", "valueTwo", "op",
    ]

    package init(json: JSONField) throws(JSONError) {
        index = try json["index"].int()
        value = try json["value"].int()
        valueTwo = try json["valueTwo"].intIfPresent()
        op = try json["op"].read()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["index"] = index.json
        json["value"] = value.json
        json["valueTwo"] = valueTwo?.json
        json["op"] = op.json
        json.merge(extra)
        return .object(json)
    }
}

extension RuntimeSpec.Seccomp.Syscall: JSONCodable {
    private static let known = [
        "names", "action", "errnoRet", "args",
    ]

    package init(json: JSONField) throws(JSONError) {
        names = try json["names"].strings()
        action = try json["action"].read()
        errnoRet = try json["errnoRet"].intIfPresent()
        args = try json["args"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["names"] = names.json
        json["action"] = action.json
        json["errnoRet"] = errnoRet?.json
        json["args"] = args?.json
        json.merge(extra)
        return .object(json)
    }
}
