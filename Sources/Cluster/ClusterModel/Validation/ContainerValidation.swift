internal import JSON

/// The rules for one container of a pod.
enum ContainerValidation {
    static func check(_ container: Field, volumes: Set<String>, _ checks: inout FieldChecks) {
        checks.label(container["name"])
        if let image = checks.required(container["image"]), image.contains(" ") {
            checks.invalid(container["image"], "must not have leading or trailing whitespace")
        }
        checks.choice(container["imagePullPolicy"], ["Always", "IfNotPresent", "Never"])
        checks.choice(container["terminationMessagePolicy"], ["File", "FallbackToLogsOnError"])
        ports(container["ports"], &checks)
        environment(container, &checks)
        mounts(container["volumeMounts"], volumes: volumes, &checks)
        resources(container["resources"], &checks)
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] where container[name].isPresent {
            probe(container[name], name: name, &checks)
        }
        for hook in ["postStart", "preStop"] where container["lifecycle"][hook].isPresent {
            handler(container["lifecycle"][hook], ["exec", "httpGet", "tcpSocket", "sleep"], &checks)
        }
        PodValidation.security(container["securityContext"], &checks)
    }

    private static func ports(_ ports: Field, _ checks: inout FieldChecks) {
        checks.unique(ports.elements.map { $0["name"] })
        for port in ports.elements {
            if let name = port["name"].text, !name.isEmpty { portName(name, port["name"], &checks) }
            if port["containerPort"].isPresent {
                checks.port(port["containerPort"])
            } else {
                checks.add(port["containerPort"], .required)
            }
            if let number = port["hostPort"].number, number != 0 { checks.port(port["hostPort"]) }
            checks.choice(port["protocol"], ["TCP", "UDP", "SCTP"], isRequired: true)
        }
    }

    private static func portName(_ name: String, _ field: Field, _ checks: inout FieldChecks) {
        if name.utf8.count > 15 { checks.invalid(field, "must be no more than 15 characters") }
        let isPlain = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        if !isPlain { checks.invalid(field, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)") }
        if !name.utf8.contains(where: { (97...122).contains($0) }) {
            checks.invalid(field, "must contain at least one letter (a-z)")
        }
    }

    private static func environment(_ container: Field, _ checks: inout FieldChecks) {
        for variable in container["env"].elements {
            if let name = checks.required(variable["name"]), let why = Names.environmentProblem(name) {
                checks.invalid(variable["name"], why)
            }
            let source = variable["valueFrom"]
            guard source.isPresent else { continue }
            if !(variable["value"].text ?? "").isEmpty {
                checks.invalid(source, "may not be specified when `value` is not empty")
            }
            let kinds = source.entries.filter { $0.value.isPresent }
            if kinds.isEmpty {
                checks.invalid(
                    source, "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`")
            } else if kinds.count > 1 {
                checks.invalid(source, "may not have more than one field specified at a time")
            }
            for kind in ["configMapKeyRef", "secretKeyRef"] where source[kind].isPresent {
                _ = checks.required(source[kind]["key"])
            }
            if source["fieldRef"].isPresent { _ = checks.required(source["fieldRef"]["fieldPath"]) }
            if source["resourceFieldRef"].isPresent { _ = checks.required(source["resourceFieldRef"]["resource"]) }
        }
        for source in container["envFrom"].elements
        where source["configMapRef"].isPresent == source["secretRef"].isPresent {
            checks.invalid(source, "must specify one of: `configMapRef` or `secretRef`")
        }
    }

    private static func mounts(_ mounts: Field, volumes: Set<String>, _ checks: inout FieldChecks) {
        for mount in mounts.elements {
            if let name = checks.required(mount["name"]), !volumes.contains(name) {
                checks.add(mount["name"], .notFound(found: "\"\(name)\""))
            }
            _ = checks.required(mount["mountPath"])
            for part in ["subPath", "subPathExpr"] {
                guard let path = mount[part].text, !path.isEmpty else { continue }
                if path.hasPrefix("/") { checks.invalid(mount[part], "must be a relative path") }
                if path.split(separator: "/").contains("..") { checks.invalid(mount[part], "must not contain '..'") }
            }
            checks.choice(mount["mountPropagation"], ["Bidirectional", "HostToContainer", "None"])
        }
        var seen: Set<String> = []
        for mount in mounts.elements {
            let path = mount["mountPath"].text ?? ""
            if !path.isEmpty, !seen.insert(path).inserted {
                checks.add(mount["mountPath"], .invalid(found: "\"\(path)\""), "must be unique")
            }
        }
    }

    private static func resources(_ resources: Field, _ checks: inout FieldChecks) {
        for part in ["limits", "requests"] {
            for (name, amount) in resources[part].entries {
                if let why = Names.qualifiedProblem(name) { checks.invalid(amount, why) }
                if !name.contains("/"), !isStandard(name) {
                    checks.invalid(amount, "must be a standard resource type or fully qualified")
                }
                PodValidation.amount(amount, &checks)
            }
        }
        for (name, request) in resources["requests"].entries {
            let limit = resources["limits"][name]
            guard let asked = request.text.flatMap(Quantity.parse), let most = limit.text.flatMap(Quantity.parse),
                asked > most
            else { continue }
            checks.invalid(request, "must be less than or equal to \(name) limit of \(limit.text ?? "")")
        }
    }

    private static func isStandard(_ name: String) -> Bool {
        ["cpu", "memory", "ephemeral-storage"].contains(name) || name.hasPrefix("hugepages-")
    }

    private static func probe(_ probe: Field, name: String, _ checks: inout FieldChecks) {
        handler(probe, ["exec", "httpGet", "tcpSocket", "grpc"], &checks)
        for part in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
            checks.notNegative(probe[part])
        }
        if name != "readinessProbe", let needed = probe["successThreshold"].number, needed != 1 {
            checks.invalid(probe["successThreshold"], "must be 1")
        }
    }

    private static func handler(_ handler: Field, _ kinds: [String], _ checks: inout FieldChecks) {
        let given = kinds.filter { handler[$0].isPresent }
        if given.isEmpty { checks.add(handler, .required, "must specify a handler type") }
        for extra in given.dropFirst() {
            checks.add(handler[extra], .forbidden, "may not specify more than 1 handler type")
        }
        if handler["exec"].isPresent, handler["exec"]["command"].elements.isEmpty {
            checks.add(handler["exec"]["command"], .required)
        }
        for kind in ["httpGet", "tcpSocket", "grpc"] where handler[kind].isPresent {
            let port = handler[kind]["port"]
            if !port.isPresent {
                checks.add(port, .required)
            } else if port.value?.intValue != nil {
                checks.port(port)
            }
        }
        if handler["httpGet"].isPresent { checks.choice(handler["httpGet"]["scheme"], ["HTTP", "HTTPS"]) }
    }
}
