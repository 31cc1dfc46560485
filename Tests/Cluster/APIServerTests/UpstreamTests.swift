import ClusterModel
import ClusterStore
import HTTPTypes
import JSON
import Testing

@testable import APIServer

/// The fields of every kind as they are upstream, against what is here.
@Suite("Every upstream field of every kind")
struct UpstreamTests {
    private typealias Fields = [(name: String, shape: Substring)]

    private static let types: [String: Fields] = {
        var entries: [String] = []
        for line in UpstreamFields.text.split(separator: "\n") {
            if line.hasPrefix(" "), let last = entries.indices.last {
                entries[last] += " " + line.drop { $0 == " " }
            } else {
                entries.append(String(line))
            }
        }
        var types: [String: Fields] = [:]
        for entry in entries {
            let halves = entry.split(separator: ":", maxSplits: 1)
            types[String(halves[0])] = halves[1].split(separator: " ").map { field in
                let sides = field.split(separator: "=", maxSplits: 1)
                return (String(sides[0]), sides[1])
            }
        }
        return types
    }()

    @Test("is known here, and holds what it holds there")
    func known() {
        var count = 0
        for (type, fields) in Self.types {
            guard let here = Schema.shared[type] else {
                Issue.record("\(type) is missing")
                continue
            }
            for field in fields {
                count += 1
                guard let own = here[field.name] else {
                    Issue.record("\(type).\(field.name) is missing")
                    continue
                }
                #expect(Self.agrees(own.shape, field.shape), "\(type).\(field.name): \(own.shape), not \(field.shape)")
            }
        }
        #expect(Self.types.count > 150 && count > 700)
    }

    private static func agrees(_ own: Shape, _ upstream: Substring) -> Bool {
        switch own {
        case .list(let element): upstream.hasPrefix("[") && agrees(element, upstream.dropFirst().dropLast())
        case .map(let element): upstream.hasPrefix("{") && agrees(element, upstream.dropFirst().dropLast())
        case .string, .quantity, .bytes: upstream == "str"
        case .boolean: upstream == "bool"
        case .int32, .int64: upstream == "int"
        case .number: upstream == "float"
        case .intOrString, .any: upstream == "object"
        case .time, .microTime: upstream == "datetime"
        case .type(let name): upstream == name[...]
        }
    }

    // MARK: through the API

    /// What a field must say to be taken, where not everything is.
    private static let words: [String: JSONValue] = [
        "operator": "Exists", "effect": "NoExecute", "protocol": "TCP", "whenUnsatisfiable": "DoNotSchedule",
        "imagePullPolicy": "Always", "terminationMessagePolicy": "File", "dnsPolicy": "None", "scheme": "HTTP",
        "procMount": "Default", "preemptionPolicy": "Never", "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "name": "x", "generateName": "x", "namespace": "default", "nodeName": "n1", "restartPolicy": "Always",
        "hostname": "h", "subdomain": "s", "topologyKey": "zone", "key": "k", "path": "p", "mountPath": "/m",
        "hostPath": "/h", "devicePath": "/d", "maxUnavailable": 1, "port": 80, "type": "Localhost",
        "containerPort": 80, "hostPort": 80, "claimName": "c", "volumeName": "v", "secretName": "s",
        "fieldPath": "metadata.name", "resource": "limits.cpu", "divisor": "1", "sizeLimit": "1Gi", "weight": 5,
        "nodeAffinityPolicy": "Honor", "nodeTaintsPolicy": "Honor", "mode": 420, "defaultMode": 420,
        "podIP": "10.0.0.1", "ip": "10.0.0.1", "nameservers": ["10.0.0.1"], "allowPrivilegeEscalation": true,
        "hostPID": false, "shareProcessNamespace": false, "storage": "1Gi", "conditionType": "example.com/gate",
        "finalizers": ["example.com/keep"], "phase": "Running", "status": "True", "value": "",
    ]
    private static let quantities: Set = [
        "limits", "requests", "capacity", "allocatable", "overhead", "allocatedResources",
    ]
    /// One of a kind: with all of them at once nothing would be taken.
    private static let alternatives: [String: Set<String>] = [
        "Volume": ["name"], "LifecycleHandler": [],
        "Probe": [
            "failureThreshold", "initialDelaySeconds", "periodSeconds", "successThreshold",
            "terminationGracePeriodSeconds", "timeoutSeconds",
        ], "EnvVarSource": [], "PodDisruptionBudgetSpec": ["selector", "unhealthyPodEvictionPolicy", "minAvailable"],
    ]

    private static func value(_ name: String, _ shape: Substring, depth: Int) -> JSONValue {
        if shape.hasPrefix("[") {
            if let word = words[name] { return word }
            let element = shape.dropFirst().dropLast()
            guard let type = types[String(element)], let common = alternatives[String(element)] else {
                return [value(name == "values" ? "" : "element", element, depth: depth)]
            }
            // As many elements as there are alternatives.
            let others = type.filter { !common.contains($0.name) }
            return .array(
                others.enumerated().map { index, other in
                    var object: JSONValue = object(String(element), depth: depth, only: common.union([other.name]))
                    object["name"] = .string("x\(index)")
                    return object
                })
        }
        if shape.hasPrefix("{") {
            return ["key": quantities.contains(name) ? "1" : value("", shape.dropFirst().dropLast(), depth: depth)]
        }
        if let word = words[name], types[String(shape)] == nil { return word }
        switch shape {
        case "str": return name == "sizeBytes" ? 7 : "text"
        case "bool": return true
        case "int": return 7
        case "float": return 1.5
        case "datetime": return "2026-11-21T10:00:00Z"
        case "object": return name == "fieldsV1" ? ["f:a": [:]] : 7
        default:
            let type = String(shape)
            guard let common = alternatives[type], let other = types[type]?.first(where: { !common.contains($0.name) })
            else { return object(type, depth: depth) }
            return object(type, depth: depth, only: common.union([other.name]))
        }
    }

    private static func object(_ type: String, depth: Int, only: Set<String>? = nil) -> JSONValue {
        guard depth < 12 else { return [:] }
        var object: JSONValue = [:]
        for field in types[type] ?? [] where only?.contains(field.name) ?? true {
            object[field.name] = value(field.name, field.shape, depth: depth + 1)
        }
        return object
    }

    /// What the server says itself.
    private static let own: Set = [
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
        "selfLink", "generateName", "priority",
    ]

    /// The paths at which `back` does not say what `sent` said.
    private static func missing(_ sent: JSONValue, in back: JSONValue?, at path: String) -> [String] {
        switch (sent, back) {
        case (.object(let members), .object(let there)?):
            members.flatMap { key, value in
                path == "metadata" && own.contains(key) || path == "spec" && key == "priority"
                    ? [] : missing(value, in: there[key], at: path.isEmpty ? key : "\(path).\(key)")
            }
        case (.array(let elements), .array(let there)?):
            elements.count > there.count
                ? [path] : elements.indices.flatMap { missing(elements[$0], in: there[$0], at: "\(path)[\($0)]") }
        default: sent == back ? [] : [path]
        }
    }

    @Test("is kept as it was sent, in the store's form", arguments: Catalog.all.filter { $0.group != "pouch.io" })
    func kept(kind: ResourceKind) throws {
        var sent = Self.object(kind.kind, depth: 0)
        sent["kind"] = .string(kind.kind)
        sent["apiVersion"] = .string(kind.apiVersion)
        Self.adapt(&sent, kind)
        var admission = Admission(kind, namespace: kind.isNamespaced ? "default" : nil, strictness: .strict)
        let object = try admission.decode(sent)
        let stored = ObjectCodec.encode(object)
        let slot = try #require(stored.revisionSlot)
        var bytes = stored.bytes
        bytes.replaceSubrange(slot..<(slot + 3), with: Array("\"7\"".utf8))
        var back = try JSONValue(parsing: bytes)
        #expect(back["metadata"]?["resourceVersion"] == "7")
        back["metadata"]?["resourceVersion"] = sent["metadata"]?["resourceVersion"]
        #expect(back == sent)
    }

    @Test(
        "comes back as it was sent",
        arguments: Catalog.all.filter {
            // Of pods and budgets nothing is taken that has all fields at once: some exclude each other.
            $0.group != "pouch.io" && ![Catalog.namespace, Catalog.pod, Catalog.disruptionBudget].contains($0)
        })
    func roundTrip(kind: ResourceKind) async throws {
        let fixture = try await Fixture()
        var object = Self.object(kind.kind, depth: 0)
        object["kind"] = .string(kind.kind)
        object["apiVersion"] = .string(kind.apiVersion)
        object["metadata"]?["resourceVersion"] = nil
        object["metadata"]?["name"] = "round"
        Self.adapt(&object, kind)
        let root = "/\(kind.group.isEmpty ? "api" : "apis/\(kind.group)")/\(kind.version)"
        let path = root + (kind.isNamespaced ? "/namespaces/default/\(kind.plural)" : "/\(kind.plural)")
        let made = try await fixture.send(.post, path + "?fieldValidation=Strict", object)
        try #require(made.status == 201, "\(made.value["message"] ?? .null)")
        var back = try await fixture.send(.get, path + "/round").value
        var sent = object
        if kind.hasStatus {
            back["status"] = object["status"]
            let put = try await fixture.send(.put, path + "/round/status?fieldValidation=Strict", back)
            try #require(put.status == 200, "\(put.value["message"] ?? .null)")
            back = try await fixture.send(.get, path + "/round").value
        }
        if kind == Catalog.secret {
            // What is given as text becomes data.
            sent["stringData"] = nil
            sent["data"] = ["key": "dGV4dA=="]
        }
        if !kind.isNamespaced { sent["metadata"]?["namespace"] = nil }
        #expect(Self.missing(sent, in: back, at: "") == [])
    }

    /// What one kind does not take together.
    private static func adapt(_ object: inout JSONValue, _ kind: ResourceKind) {
        switch kind {
        case Catalog.priorityClass: object["value"] = 7
        case Catalog.event: object["involvedObject"]?["namespace"] = "default"
        case Catalog.secret, Catalog.configMap:
            for part in ["data", "binaryData"] where object[part] != nil {
                object[part] = ["key": kind == Catalog.configMap && part == "data" ? "text" : "AQID"]
            }
            if kind == Catalog.configMap { object["data"] = ["other": "text"] }
            if kind == Catalog.secret { object["type"] = "Opaque" }
        default: break
        }
    }
}
