package import ClusterModel
package import JSON
package import Units

/// What is reported of a pod.
package struct PodStatus: Sendable, Equatable {
    package struct Condition: Sendable, Equatable {
        package var type: String
        package var isTrue: Bool
        package var since: Timestamp
        package var reason: String?
    }

    package var phase: PodObject.Phase
    package var reason: String?
    package var message: String?
    package var addresses: [String]
    package var hostAddress: String
    package var startTime: Timestamp
    package var qualityOfService: PodObject.QualityOfService
    package var conditions: [Condition]
    package var containers: [JSONValue]
    package var initContainers: [JSONValue]

    /// As the API has it, for a strategic merge: conditions of others stay.
    package var json: JSONValue {
        var status: JSONValue = [
            "phase": .string(phase.rawValue), "startTime": .string(startTime.wholeSeconds),
            "qosClass": .string(qualityOfService.rawValue),
            "conditions": .array(
                conditions.map {
                    PodConditions.condition($0.type, $0.isTrue, reason: $0.reason, at: $0.since)
                }),
            "containerStatuses": .array(containers),
            "hostIP": .string(hostAddress), "hostIPs": [["ip": .string(hostAddress)]],
            "reason": reason.map { .string($0) } ?? .null, "message": message.map { .string($0) } ?? .null,
        ]
        if !initContainers.isEmpty { status["initContainerStatuses"] = .array(initContainers) }
        if let first = addresses.first {
            status["podIP"] = .string(first)
            status["podIPs"] = .array(addresses.map { ["ip": .string($0)] })
        }
        return status
    }
}

extension ContainerLife {
    /// Its part of a pod's status.
    func status(_ object: ContainerObject) -> JSONValue {
        var status: JSONValue = [
            "name": .string(name), "image": .string(object.image), "imageID": .string(imageID),
            "ready": .bool(isInit && !isSidecar ? exit?.code == 0 : isReady), "started": .bool(isRunning && isStarted),
            "restartCount": JSONValue(number: restarts), "state": stateJSON,
            "lastState": last.map { ["terminated": Self.json($0)] } ?? [:],
        ]
        if let id { status["containerID"] = .string("pouch://\(id)") }
        return status
    }

    private var stateJSON: JSONValue {
        switch state {
        case .waiting(let reason, let message):
            var waiting: JSONValue = ["reason": .string(reason)]
            if !message.isEmpty { waiting["message"] = .string(message) }
            return ["waiting": waiting]
        case .starting: return ["waiting": ["reason": "ContainerCreating"]]
        case .running(_, let since), .stopping(_, let since):
            return ["running": ["startedAt": .string(since.wholeSeconds)]]
        case .ended(let exit): return ["terminated": Self.json(exit)]
        }
    }

    private static func json(_ exit: Exit) -> JSONValue {
        var json: JSONValue = [
            "exitCode": JSONValue(number: exit.code), "reason": .string(exit.reason),
            "startedAt": .string(exit.startedAt.wholeSeconds), "finishedAt": .string(exit.finishedAt.wholeSeconds),
            "containerID": .string("pouch://\(exit.id)"),
        ]
        if !exit.message.isEmpty { json["message"] = .string(exit.message) }
        return json
    }
}
