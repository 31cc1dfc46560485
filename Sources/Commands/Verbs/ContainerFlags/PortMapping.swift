internal import JSON

/// The values of `--publish` and `--expose`.
///
/// Source: github.com/docker/go-connections, nat.ParsePortSpec.
enum PortMapping {
    /// `[[ip:][host]:]container[/protocol]`, ports or ranges of one length, or the long form `published=…,target=…`.
    static func parse(_ text: String) throws(FlagError) -> [(port: String, binding: JSONValue)] {
        if text.contains("=") { return try parseLong(text) }
        let (body, protocolName) = split(text, at: "/")
        let kind = try transport(protocolName, text)
        var (address, ports) = ("", body)
        if body.hasPrefix("["), let end = body.firstIndex(of: "]") {
            address = String(body[body.index(after: body.startIndex)..<end])
            ports = String(body[body.index(after: end)...].dropFirst())
        }
        var parts = ports.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 2 {
            address = parts.dropLast(2).joined(separator: ":")
            parts = Array(parts.suffix(2))
        }
        guard let containerText = parts.last, !containerText.isEmpty else {
            throw FlagError(reason: "no port specified: \(text)<empty>")
        }
        return try bindings(address, parts.count > 1 ? parts[0] : "", containerText, kind, text)
    }

    private static func bindings(
        _ address: String, _ hostText: String, _ containerText: String, _ kind: String, _ text: String
    ) throws(FlagError) -> [(port: String, binding: JSONValue)] {
        let container = try range(containerText, "container", text)
        guard !hostText.isEmpty else {
            return container.map { ("\($0)/\(kind)", ["HostIp": .string(address), "HostPort": ""]) }
        }
        let host = try range(hostText, "host", text)
        if container.count == 1, host.count > 1 {
            let port = JSONValue.string("\(host.lowerBound)-\(host.upperBound)")  // any free one of these
            return [("\(container.lowerBound)/\(kind)", ["HostIp": .string(address), "HostPort": port])]
        }
        guard container.count == host.count else {
            throw FlagError(reason: "invalid ranges specified for container and host Ports: \(text)")
        }
        return zip(container, host).map {
            ("\($0)/\(kind)", ["HostIp": .string(address), "HostPort": .string("\($1)")])
        }
    }

    /// Reads `port[-port][/protocol]`.
    static func exposed(_ text: String) throws(FlagError) -> [String] {
        guard !text.contains(":") else { throw FlagError(reason: "invalid port format for --expose: \(text)") }
        let (body, protocolName) = split(text, at: "/")
        let kind = try transport(protocolName, text)
        return try range(body, "container", text).map { "\($0)/\(kind)" }
    }

    private static func parseLong(_ text: String) throws(FlagError) -> [(port: String, binding: JSONValue)] {
        var (published, target, kind, address) = ("", "", "tcp", "")
        for field in MountFlag.fields(text) {
            let (key, value) = split(field, at: "=")
            switch key {
            case "published": published = value ?? ""
            case "target": target = value ?? ""
            case "protocol": kind = try transport(value, text)
            case "mode": break
            case "host_ip": address = value ?? ""
            default: throw FlagError(reason: "invalid field key \(key) in \(text)")
            }
        }
        return try bindings(address, published, target, kind, text)
    }

    private static func transport(_ name: String?, _ text: String) throws(FlagError) -> String {
        let kind = name?.lowercased() ?? "tcp"
        guard ["tcp", "udp", "sctp"].contains(kind) else {
            throw FlagError(reason: "invalid proto: \(kind) in \(text)")
        }
        return kind
    }

    private static func range(_ ports: String, _ side: String, _ text: String) throws(FlagError) -> ClosedRange<UInt16>
    {
        let (first, last) = split(ports, at: "-")
        guard let low = UInt16(first), let high = UInt16(last ?? first), low <= high else {
            throw FlagError(reason: "invalid \(side) port: \(ports) in \(text)")
        }
        return low...high
    }
}
