/// A container of a pod's specification.
package struct ContainerObject: Sendable {
    package let field: Field
    package init(_ field: Field) { self.field = field }

    package enum PullPolicy: String, Sendable {
        case always = "Always"
        case ifNotPresent = "IfNotPresent"
        case never = "Never"
    }

    package struct Port: Hashable, Sendable {
        package var container: Int
        /// 0 when the node's port is not asked for.
        package var host: Int
        /// `TCP`, `UDP` or `SCTP`.
        package var transport: String
        package var hostAddress: String
        package var name: String?
    }

    package var name: String { field["name"].text ?? "" }
    package var image: String { field["image"].text ?? "" }
    package var command: [String] { field["command"].list }
    package var arguments: [String] { field["args"].list }
    package var workingDirectory: String? { field["workingDir"].text }
    package var environment: [Field] { field["env"].elements }
    package var environmentSources: [Field] { field["envFrom"].elements }
    package var mounts: [Field] { field["volumeMounts"].elements }
    package var requests: Field { field["resources"]["requests"] }
    package var limits: Field { field["resources"]["limits"] }
    package var security: Field { field["securityContext"] }
    package var lifecycle: Field { field["lifecycle"] }
    package var hasTerminal: Bool { field["tty"].flag ?? false }
    package var hasInput: Bool { field["stdin"].flag ?? false }
    /// An init container that goes on beside the others: a sidecar.
    package var isSidecar: Bool { field["restartPolicy"].text == "Always" }
    package var livenessProbe: ProbeObject? { ProbeObject(field["livenessProbe"]) }
    package var readinessProbe: ProbeObject? { ProbeObject(field["readinessProbe"]) }
    package var startupProbe: ProbeObject? { ProbeObject(field["startupProbe"]) }
    package var terminationMessagePath: String { field["terminationMessagePath"].text ?? "/dev/termination-log" }
    /// Whether the end of the log stands in for a message that a failed container did not write.
    package var fallsBackToLogs: Bool { field["terminationMessagePolicy"].text == "FallbackToLogsOnError" }

    package var pullPolicy: PullPolicy {
        if let given = field["imagePullPolicy"].text.flatMap(PullPolicy.init(rawValue:)) { return given }
        let last = image.split(separator: "/").last ?? ""
        let hasTag = last.contains(":") || image.contains("@")
        return !hasTag || image.hasSuffix(":latest") ? .always : .ifNotPresent
    }

    package var ports: [Port] {
        field["ports"].elements.map { port in
            Port(
                container: port["containerPort"].number ?? 0, host: port["hostPort"].number ?? 0,
                transport: port["protocol"].text ?? "TCP", hostAddress: port["hostIP"].text ?? "",
                name: port["name"].text)
        }
    }

    /// A port by its number or its name.
    package func port(_ field: Field) -> Int? {
        if let number = field.number { return number }
        guard let name = field.text else { return nil }
        return ports.first { $0.name == name }?.container ?? Int(name)
    }
}

/// A periodic question to a container.
///
/// Source: Kubernetes API reference v1.32, Probe.
package struct ProbeObject: Sendable {
    package let field: Field

    package init?(_ field: Field) {
        guard field.isPresent else { return nil }
        self.field = field
    }

    /// Seconds, all of them.
    package var initialDelay: Int { field["initialDelaySeconds"].number ?? 0 }
    package var timeout: Int { max(1, field["timeoutSeconds"].number ?? 1) }
    package var period: Int { max(1, field["periodSeconds"].number ?? 10) }
    package var successThreshold: Int { max(1, field["successThreshold"].number ?? 1) }
    package var failureThreshold: Int { max(1, field["failureThreshold"].number ?? 3) }
    /// Its own time to end, when it is not the pod's.
    package var terminationGracePeriod: Int? { field["terminationGracePeriodSeconds"].number }
}

/// A volume of a pod's specification.
package struct VolumeObject: Sendable {
    package let field: Field
    package init(_ field: Field) { self.field = field }

    package var name: String { field["name"].text ?? "" }
    /// Such as `emptyDir` or `configMap`: the one member beside the name.
    package var kind: String { field.entries.first { $0.key != "name" && $0.value.isPresent }?.key ?? "emptyDir" }
    package var source: Field { field[kind] }
}
