package import JSON

/// What a controller writes down, and what people see.
extension PrewarmRun: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        var run = PrewarmRun(
            id: try json["id"].string(), plan: try json["plan"].read(), order: try json["order"].strings())
        for (name, field) in try json["nodes"].entries() where run.nodes[name] != nil {
            run.nodes[name] = try NodeState(json: field)
        }
        run.phase = try Phase(json: json["phase"])
        self = run
    }

    package var json: JSONValue {
        var json = shownJSON
        json["plan"] = plan.json
        return json
    }

    /// Without what lets nodes pull.
    package var shownJSON: JSONValue {
        var states = JSONObject()
        for name in order { states[name] = nodes[name]?.json }
        return [
            "id": .string(id), "plan": plan.shownJSON, "order": order.json, "phase": phase.json,
            "nodes": .object(states),
        ]
    }
}

extension PrewarmRun.NodeState: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        switch try json["state"].string() {
        case "waiting": self = .waiting
        case "running": self = .running(since: try json["since"].int())
        case "done": self = .done
        case "failed": self = .failed(try json["reason"].string())
        case "timed out": self = .timedOut
        case "cancelled": self = .cancelled
        default: throw json["state"].invalid("not a state of a node")
        }
    }

    package var json: JSONValue {
        var json: JSONValue = ["state": .string(word)]
        if case .running(let since) = self { json["since"] = since.json }
        if case .failed(let reason) = self { json["reason"] = .string(reason) }
        return json
    }
}

extension PrewarmRun.Phase: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        switch try json["name"].string() {
        case "running": self = .running
        case "paused": self = .paused
        case "halted": self = .halted(try json["reason"].string())
        case "cancelled": self = .cancelled
        case "finished": self = .finished
        default: throw json["name"].invalid("not a phase of a prewarm")
        }
    }

    package var json: JSONValue {
        switch self {
        case .running: ["name": "running"]
        case .paused: ["name": "paused"]
        case .halted(let reason): ["name": "halted", "reason": .string(reason)]
        case .cancelled: ["name": "cancelled"]
        case .finished: ["name": "finished"]
        }
    }
}
