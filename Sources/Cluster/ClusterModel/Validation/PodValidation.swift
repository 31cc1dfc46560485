internal import JSON

/// The rules for a pod's specification.
enum PodValidation {
    static func check(_ spec: Field, _ checks: inout FieldChecks) {
        let containers = spec["containers"]
        if containers.elements.isEmpty { checks.add(containers, .required) }
        let all = containers.elements + spec["initContainers"].elements + spec["ephemeralContainers"].elements
        checks.unique(all.map { $0["name"] })
        let volumes = volumes(spec["volumes"], &checks)
        for container in containers.elements + spec["ephemeralContainers"].elements {
            ContainerValidation.check(container, volumes: volumes, &checks)
        }
        for container in spec["initContainers"].elements {
            ContainerValidation.check(container, volumes: volumes, &checks)
            checks.choice(container["restartPolicy"], ["Always"])
            guard container["restartPolicy"].text != "Always" else { continue }
            for part in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]
            where container[part].isPresent {
                checks.add(
                    container[part], .forbidden, "may not be set for init containers without restartPolicy=Always")
            }
        }
        hostPorts(containers.elements + spec["initContainers"].elements, &checks)
        life(spec, &checks)
        placement(spec, &checks)
        for amount in spec["overhead"].entries { self.amount(amount.value, &checks) }
    }

    private static func life(_ spec: Field, _ checks: inout FieldChecks) {
        checks.choice(spec["restartPolicy"], ["Always", "OnFailure", "Never"], isRequired: true)
        checks.choice(spec["dnsPolicy"], ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        checks.choice(spec["preemptionPolicy"], ["Never", "PreemptLowerPriority"])
        checks.notNegative(spec["terminationGracePeriodSeconds"])
        if let deadline = spec["activeDeadlineSeconds"].number, !(1...Int(Int32.max)).contains(deadline) {
            checks.invalid(spec["activeDeadlineSeconds"], "must be between 1 and 2147483647, inclusive")
        }
        for field in [spec["hostname"], spec["subdomain"]] where !(field.text ?? "").isEmpty { checks.label(field) }
        if let name = spec["nodeName"].text, !name.isEmpty { checks.subdomain(spec["nodeName"]) }
        for secret in spec["imagePullSecrets"].elements { _ = checks.required(secret["name"]) }
        checks.unique(spec["schedulingGates"].elements.map { $0["name"] })
        if spec["hostPID"].flag == true, spec["shareProcessNamespace"].flag == true {
            checks.invalid(spec["shareProcessNamespace"], "ShareProcessNamespace and HostPID cannot both be enabled")
        }
        security(spec["securityContext"], &checks)
        if spec["dnsPolicy"].text == "None", spec["dnsConfig"]["nameservers"].elements.isEmpty {
            checks.add(
                spec["dnsConfig"]["nameservers"], .required,
                "must provide at least one DNS nameserver when "
                    + "`dnsPolicy` is None")
        }
    }

    static func security(_ context: Field, _ checks: inout FieldChecks) {
        for part in ["runAsUser", "runAsGroup", "fsGroup"] {
            if let id = context[part].number, !(0...Int(Int32.max)).contains(id) {
                checks.invalid(context[part], "must be between 0 and 2147483647, inclusive")
            }
        }
        checks.choice(context["seccompProfile"]["type"], ["Localhost", "RuntimeDefault", "Unconfined"])
        if context["seccompProfile"]["type"].text == "Localhost" {
            _ = checks.required(
                context["seccompProfile"]["localhostProfile"], "must be set when seccomp type is Localhost")
        }
        checks.choice(context["procMount"], ["Default", "Unmasked"])
        if context["privileged"].flag == true, context["allowPrivilegeEscalation"].flag == false {
            checks.invalid(context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
        }
        checks.unique(context["sysctls"].elements.map { $0["name"] })
    }

    private static func placement(_ spec: Field, _ checks: inout FieldChecks) {
        checks.labels(spec["nodeSelector"])
        for toleration in spec["tolerations"].elements { tolerate(toleration, &checks) }
        for spread in spec["topologySpreadConstraints"].elements {
            checks.positive(spread["maxSkew"])
            _ = checks.required(spread["topologyKey"], "can not be empty")
            checks.choice(spread["whenUnsatisfiable"], ["DoNotSchedule", "ScheduleAnyway"], isRequired: true)
            checks.selector(spread["labelSelector"])
        }
        let affinity = spec["affinity"]
        let now = "requiredDuringSchedulingIgnoredDuringExecution"
        let rather = "preferredDuringSchedulingIgnoredDuringExecution"
        let node = affinity["nodeAffinity"]
        if node[now].isPresent, node[now]["nodeSelectorTerms"].elements.isEmpty {
            checks.add(node[now]["nodeSelectorTerms"], .required, "must have at least one node selector term")
        }
        for term in node[now]["nodeSelectorTerms"].elements { nodeTerm(term, &checks) }
        for term in node[rather].elements {
            weight(term["weight"], &checks)
            nodeTerm(term["preference"], &checks)
        }
        for kind in ["podAffinity", "podAntiAffinity"] {
            for term in affinity[kind][now].elements { podTerm(term, &checks) }
            for term in affinity[kind][rather].elements {
                weight(term["weight"], &checks)
                podTerm(term["podAffinityTerm"], &checks)
            }
        }
    }

    private static func weight(_ field: Field, _ checks: inout FieldChecks) {
        if !(1...100).contains(field.number ?? 0) { checks.invalid(field, "must be in the range 1-100") }
    }

    private static func nodeTerm(_ term: Field, _ checks: inout FieldChecks) {
        for expression in term["matchExpressions"].elements {
            let values = expression["values"]
            switch expression["operator"].text ?? "" {
            case "In", "NotIn":
                if values.elements.isEmpty {
                    checks.add(values, .required, "must be specified when `operator` is 'In' or 'NotIn'")
                }
            case "Exists", "DoesNotExist":
                if !values.elements.isEmpty {
                    checks.add(values, .forbidden, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
                }
            case "Gt", "Lt":
                if values.elements.count != 1 {
                    checks.add(values, .required, "must be specified single value when `operator` is 'Lt' or 'Gt'")
                }
            default: checks.invalid(expression["operator"], "not a valid selector operator")
            }
            if let why = Names.qualifiedProblem(expression["key"].text ?? "") {
                checks.invalid(expression["key"], why)
            }
        }
    }

    private static func podTerm(_ term: Field, _ checks: inout FieldChecks) {
        if let key = checks.required(term["topologyKey"], "can not be empty"),
            let why = Names.qualifiedProblem(key)
        {
            checks.invalid(term["topologyKey"], why)
        }
        checks.selector(term["labelSelector"])
        checks.selector(term["namespaceSelector"])
    }

    private static func tolerate(_ toleration: Field, _ checks: inout FieldChecks) {
        let key = toleration["key"].text ?? ""
        let effect = toleration["effect"].text ?? ""
        if !key.isEmpty, let why = Names.qualifiedProblem(key) { checks.invalid(toleration["key"], why) }
        if key.isEmpty, toleration["operator"].text != "Exists" {
            checks.invalid(
                toleration["operator"],
                "operator must be Exists when `key` is empty, which means \"match all values "
                    + "and all keys\"")
        }
        checks.choice(toleration["operator"], ["Equal", "Exists"])
        if toleration["operator"].text == "Exists", !(toleration["value"].text ?? "").isEmpty {
            checks.invalid(toleration["operator"], "value must be empty when `operator` is 'Exists'")
        }
        checks.choice(toleration["effect"], ["NoSchedule", "PreferNoSchedule", "NoExecute"])
        if toleration["tolerationSeconds"].isPresent, effect != "NoExecute" {
            checks.invalid(toleration["effect"], "effect must be 'NoExecute' when `tolerationSeconds` is set")
        }
    }

    private static func hostPorts(_ containers: [Field], _ checks: inout FieldChecks) {
        var seen: Set<[String]> = []
        for port in containers.flatMap({ $0["ports"].elements }) {
            guard let number = port["hostPort"].number, number > 0 else { continue }
            let identity = [port["hostIP"].text ?? "", "\(number)", port["protocol"].text ?? "TCP"]
            if !seen.insert(identity).inserted {
                checks.add(port["hostPort"], .duplicate(found: "\"\(identity.joined(separator: "/"))\""))
            }
        }
    }

    /// An amount that may not be below zero.
    static func amount(_ field: Field, _ checks: inout FieldChecks) {
        guard let text = field.text else { return }
        if text.hasPrefix("-") {
            checks.invalid(field, "must be greater than or equal to 0")
        } else if Quantity.parse(text) == nil {
            checks.invalid(
                field,
                "quantities must match the regular expression "
                    + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
        }
    }

    /// The names of the volumes.
    private static func volumes(_ volumes: Field, _ checks: inout FieldChecks) -> Set<String> {
        var names: Set<String> = []
        for volume in volumes.elements {
            checks.label(volume["name"])
            if let name = volume["name"].text, !names.insert(name).inserted {
                checks.add(volume["name"], .duplicate(found: "\"\(name)\""))
            }
            let sources = volume.entries.filter { $0.key != "name" && $0.value.isPresent }
            if sources.isEmpty { checks.add(volume, .required, "must specify a volume type") }
            for extra in sources.dropFirst() {
                checks.add(extra.value, .forbidden, "may not specify more than 1 volume type")
            }
            source(volume, &checks)
        }
        return names
    }

    private static func source(_ volume: Field, _ checks: inout FieldChecks) {
        if volume["hostPath"].isPresent {
            if let path = checks.required(volume["hostPath"]["path"]), path.split(separator: "/").contains("..") {
                checks.invalid(volume["hostPath"]["path"], "must not contain '..'")
            }
            checks.choice(
                volume["hostPath"]["type"],
                ["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"])
        }
        if volume["emptyDir"].isPresent { amount(volume["emptyDir"]["sizeLimit"], &checks) }
        if volume["configMap"].isPresent { _ = checks.required(volume["configMap"]["name"]) }
        if volume["secret"].isPresent { _ = checks.required(volume["secret"]["secretName"]) }
        if volume["persistentVolumeClaim"].isPresent {
            _ = checks.required(volume["persistentVolumeClaim"]["claimName"])
        }
        for kind in ["configMap", "secret", "projected", "downwardAPI"] {
            let mode = volume[kind]["defaultMode"]
            if let bits = mode.number, !(0...0o777).contains(bits) {
                checks.invalid(mode, "must be a number between 0 and 0777 (octal), both inclusive")
            }
            for item in volume[kind]["items"].elements { keyPath(item["path"], &checks) }
        }
    }

    /// A path below a volume, which it may not leave.
    private static func keyPath(_ field: Field, _ checks: inout FieldChecks) {
        guard let path = checks.required(field) else { return }
        if path.hasPrefix("/") { checks.invalid(field, "must be a relative path") }
        if path.split(separator: "/").contains("..") { checks.invalid(field, "must not contain '..'") }
    }
}
