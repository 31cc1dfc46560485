package import JSON
package import Units

/// Conditions as a status holds them.
package enum PodConditions {
    /// `at` is when it last changed.
    package static func condition(
        _ type: String, _ isTrue: Bool, reason: String? = nil, message: String? = nil, at time: Timestamp
    ) -> JSONValue {
        var condition: JSONValue = [
            "type": .string(type), "status": .string(isTrue ? "True" : "False"),
            "lastProbeTime": nil, "lastTransitionTime": .string(time.wholeSeconds),
        ]
        if let reason { condition["reason"] = .string(reason) }
        if let message { condition["message"] = .string(message) }
        return condition
    }
}
