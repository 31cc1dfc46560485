internal import JSON
internal import Units

/// What a new object gets where it says nothing.
///
/// Source: Kubernetes API reference v1.32, the defaults named with each field.
package enum Defaults {
    /// Fills in what is absent; what is there stays.
    package static func apply(to object: inout APIObject, of kind: ResourceKind) {
        switch kind {
        case Catalog.pod: pod(&object)
        case Catalog.namespace: namespace(&object)
        case Catalog.secret: secret(&object)
        case Catalog.priorityClass: object.value.setDefault("preemptionPolicy", "PreemptLowerPriority")
        case Catalog.queue: object.value.change("spec") { $0.setDefault("weight", 1) }
        default: break
        }
    }

    private static func namespace(_ object: inout APIObject) {
        object.setLabel("kubernetes.io/metadata.name", object.name)
        object.value.change("spec") { $0.setDefault("finalizers", ["kubernetes"]) }
        object.value.change("status") { $0.setDefault("phase", "Active") }
    }

    private static func secret(_ object: inout APIObject) {
        object.value.setDefault("type", "Opaque")
        guard let texts = object["stringData"]?.objectValue else { return }
        object.value.change("data") { data in
            for (key, text) in texts {
                data[key] = .string(Base64.encoded(Array((text.stringValue ?? "").utf8)))
            }
        }
        object["stringData"] = nil
    }

    private static func pod(_ object: inout APIObject) {
        let usesHostNetwork = object["spec"]?["hostNetwork"]?.boolValue ?? false
        object.value.change("spec") { spec in
            spec.setDefault("restartPolicy", "Always")
            spec.setDefault("terminationGracePeriodSeconds", 30)
            spec.setDefault("dnsPolicy", "ClusterFirst")
            spec.setDefault("securityContext", [:])
            spec.setDefault("schedulerName", "default-scheduler")
            spec.setDefault("enableServiceLinks", true)
            for list in ["containers", "initContainers", "ephemeralContainers"] {
                spec.changeElements(of: list) { container(&$0, usesHostNetwork: usesHostNetwork) }
            }
            spec.changeElements(of: "volumes", volume)
            if spec["tolerations"] != nil || spec["containers"] != nil { tolerations(&spec) }
        }
    }

    private static func container(_ container: inout JSONValue, usesHostNetwork: Bool) {
        container.setDefault("imagePullPolicy", pullPolicy(of: container["image"]?.stringValue ?? ""))
        container.setDefault("resources", [:])
        container.setDefault("terminationMessagePath", "/dev/termination-log")
        container.setDefault("terminationMessagePolicy", "File")
        container.changeElements(of: "ports") { port in
            port.setDefault("protocol", "TCP")
            if usesHostNetwork, let number = port["containerPort"] { port.setDefault("hostPort", number) }
        }
        container.changeElements(of: "env") { variable in
            variable.changeIfPresent("valueFrom") { source in
                source.changeIfPresent("fieldRef") { $0.setDefault("apiVersion", "v1") }
                source.changeIfPresent("resourceFieldRef") { $0.setDefault("divisor", "0") }
            }
        }
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] { container.changeIfPresent(name, probe) }
        container.changeIfPresent("lifecycle") { lifecycle in
            for name in ["postStart", "preStop"] { lifecycle.changeIfPresent(name, handler) }
        }
        if let limits = container["resources"]?["limits"]?.objectValue, !limits.isEmpty {
            container.change("resources") { resources in
                resources.change("requests") { requests in
                    for (name, amount) in limits { requests.setDefault(name, amount) }
                }
            }
        }
    }

    private static func probe(_ probe: inout JSONValue) {
        probe.setDefault("timeoutSeconds", 1)
        probe.setDefault("periodSeconds", 10)
        probe.setDefault("successThreshold", 1)
        probe.setDefault("failureThreshold", 3)
        handler(&probe)
        probe.changeIfPresent("grpc") { $0.setDefault("service", "") }
    }

    private static func handler(_ handler: inout JSONValue) {
        handler.changeIfPresent("httpGet") { request in
            request.setDefault("path", "/")
            request.setDefault("scheme", "HTTP")
        }
    }

    /// Images that may change under their name are asked for each time.
    private static func pullPolicy(of image: String) -> JSONValue {
        if image.contains("@") { return "IfNotPresent" }
        let name = image.split(separator: "/").last ?? ""
        guard let colon = name.lastIndex(of: ":") else { return "Always" }
        return name[name.index(after: colon)...] == "latest" ? "Always" : "IfNotPresent"
    }

    private static func volume(_ volume: inout JSONValue) {
        guard case .object(let members) = volume else { return }
        if members.count == 1, members["name"] != nil { volume["emptyDir"] = [:] }
        for source in ["secret", "configMap", "projected", "downwardAPI"] {
            volume.changeIfPresent(source) { $0.setDefault("defaultMode", 420) }
        }
        volume.changeIfPresent("hostPath") { $0.setDefault("type", "") }
    }

    /// A pod stays on a node that is gone for five minutes, unless it says otherwise.
    private static func tolerations(_ spec: inout JSONValue) {
        var all = spec["tolerations"]?.arrayValue ?? []
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let isTold = all.contains { toleration in
                let own = toleration["key"]?.stringValue ?? ""
                let effect = toleration["effect"]?.stringValue ?? ""
                return (own == key || own.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
            }
            if !isTold {
                all.append([
                    "key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
                ])
            }
        }
        spec["tolerations"] = .array(all)
    }
}

extension JSONValue {
    /// Sets a member unless there is one, `null` counting as none.
    mutating func setDefault(_ key: String, _ value: JSONValue) {
        switch self[key] {
        case nil, .null?: self[key] = value
        default: break
        }
    }

    /// Changes a member, an empty object where there is none.
    mutating func change(_ key: String, _ body: (inout JSONValue) -> Void) {
        var member = self[key] ?? [:]
        if case .null = member { member = [:] }
        body(&member)
        self[key] = member
    }

    mutating func changeIfPresent(_ key: String, _ body: (inout JSONValue) -> Void) {
        guard case .object? = self[key] else { return }
        change(key, body)
    }

    /// Changes each object in the list `key`.
    mutating func changeElements(of key: String, _ body: (inout JSONValue) -> Void) {
        guard case .array(var elements)? = self[key] else { return }
        for index in elements.indices {
            if case .object = elements[index] { body(&elements[index]) }
        }
        self[key] = .array(elements)
    }
}
