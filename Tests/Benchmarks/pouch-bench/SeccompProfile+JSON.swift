internal import JSON
internal import Seccomp

extension SeccompProfile {
    /// The profile as `config.json` carries it.
    ///
    /// Source: OCI runtime-spec 1.2, config-linux.md, "Seccomp".
    var json: JSONValue {
        [
            "defaultAction": .string(defaultAction.name),
            "defaultErrnoRet": .integer(Int64(defaultAction.errno ?? 1)),
            "architectures": .array(architectures.map { .string($0.rawValue) }),
            "syscalls": .array(rules.map(\.json)),
        ]
    }
}

extension SeccompRule {
    fileprivate var json: JSONValue {
        var rule: JSONObject = ["names": .array(names.map { .string($0) }), "action": .string(action.name)]
        if let errno = action.errno { rule["errnoRet"] = .integer(Int64(errno)) }
        if !conditions.isEmpty { rule["args"] = .array(conditions.map(\.json)) }
        return .object(rule)
    }
}

extension SeccompCondition {
    fileprivate var json: JSONValue {
        [
            "index": .integer(Int64(argument)), "value": .integer(Int64(value)),
            "valueTwo": .integer(Int64(maskedValue)),
            "op": .string(comparison.rawValue),
        ]
    }
}
