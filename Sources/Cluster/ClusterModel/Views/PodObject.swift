package import JSON

/// core/v1 Pod.
///
/// Source: Kubernetes API reference v1.32, Pod.
package struct PodObject: ObjectView {
    package let object: JSONValue
    package init(_ object: JSONValue) { self.object = object }

    /// What happens when a container ends.
    package enum RestartPolicy: String, Sendable {
        case always = "Always"
        case onFailure = "OnFailure"
        case never = "Never"
    }

    package enum Phase: String, Sendable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"

        /// Nothing of it runs any more, or ever will.
        package var isTerminal: Bool { self == .succeeded || self == .failed }
    }

    /// Who is evicted first, and how the kernel ranks the processes.
    package enum QualityOfService: String, Sendable {
        case guaranteed = "Guaranteed"
        case burstable = "Burstable"
        case bestEffort = "BestEffort"
    }

    package var spec: Field { field["spec"] }
    package var status: Field { field["status"] }
    package var nodeName: String? { spec["nodeName"].text.flatMap { $0.isEmpty ? nil : $0 } }
    package var priority: Int { spec["priority"].number ?? 0 }
    package var phase: Phase { status["phase"].text.flatMap(Phase.init(rawValue:)) ?? .pending }
    package var reason: String? { status["reason"].text }
    package var restartPolicy: RestartPolicy {
        spec["restartPolicy"].text.flatMap(RestartPolicy.init(rawValue:)) ?? .always
    }
    package var containers: [ContainerObject] { spec["containers"].elements.map(ContainerObject.init) }
    package var initContainers: [ContainerObject] { spec["initContainers"].elements.map(ContainerObject.init) }
    package var volumes: [VolumeObject] { spec["volumes"].elements.map(VolumeObject.init) }
    package var tolerations: [Field] { spec["tolerations"].elements }
    package var usesHostNetwork: Bool { spec["hostNetwork"].flag ?? false }
    package var usesHostPID: Bool { spec["hostPID"].flag ?? false }
    package var usesHostIPC: Bool { spec["hostIPC"].flag ?? false }
    package var sharesProcesses: Bool { spec["shareProcessNamespace"].flag ?? false }
    /// Between the signal to end and SIGKILL.
    package var terminationGracePeriod: Int { spec["terminationGracePeriodSeconds"].number ?? 30 }
    package var activeDeadline: Int? { spec["activeDeadlineSeconds"].number }
    /// Types of conditions that must hold before it is ready.
    package var readinessGates: [String] {
        spec["readinessGates"].elements.compactMap { $0["conditionType"].text }
    }
    package var imagePullSecrets: [String] { spec["imagePullSecrets"].elements.compactMap { $0["name"].text } }
    /// A mirror of a file on the node, or one that ends with its node: nobody evicts it.
    package var isStatic: Bool { annotations["kubernetes.io/config.mirror"] != nil }
    package var isDaemon: Bool {
        metadata["ownerReferences"].elements.contains {
            $0["kind"].text == "DaemonSet" && $0["controller"].flag == true
        }
    }

    package func condition(_ type: String) -> Field? {
        status["conditions"].elements.first { $0["type"].text == type }
    }

    package var isReady: Bool { condition("Ready")?["status"].text == "True" }

    /// The class that its requests and limits of CPU and memory make.
    ///
    /// Source: Kubernetes, "Pod Quality of Service Classes".
    package var qualityOfService: QualityOfService {
        let all = containers + initContainers
        let names = ["cpu", "memory"]
        func amount(_ field: Field) -> Double { field.text.flatMap(Quantity.parse) ?? 0 }
        let isEmpty = all.allSatisfy { container in
            names.allSatisfy { amount(container.requests[$0]) == 0 && amount(container.limits[$0]) == 0 }
        }
        if isEmpty { return .bestEffort }
        let isGuaranteed = all.allSatisfy { container in
            names.allSatisfy { name in
                let limit = amount(container.limits[name])
                let request = container.requests[name].isPresent ? amount(container.requests[name]) : limit
                return limit > 0 && request == limit
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }
}
