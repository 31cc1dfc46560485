internal import JSON

/// Networks, addresses, names and ports.
struct NetworkFlags {
    var networks: [String] = []
    var publish: [String] = []
    var expose: [String] = []
    var publishesAll = false
    var ip: String?
    var ip6: String?
    var linkLocal: [String] = []
    var mac: String?
    var aliases: [String] = []
    var dns: [String] = []
    var dnsOptions: [String] = []
    var dnsSearch: [String] = []
    var hosts: [String] = []
    var links: [String] = []
    var rate: String?
    var leavesFiles = false

    static var flags: [Flag<NetworkFlags>] {
        [
            .list("network", "Connect a container to a network", as: "network", \.networks).aliased("net")
                .completing(.networks),
            .list("publish", short: "p", "Publish a container's port(s) to the host", \.publish),
            .list("expose", "Expose a port or a range of ports", \.expose),
            .toggle("publish-all", short: "P", "Publish all exposed ports to random ports", \.publishesAll),
            .text("ip", "IPv4 address (e.g., 172.30.100.104)", \.ip),
            .text("ip6", "IPv6 address (e.g., 2001:db8::33)", \.ip6),
            .list("link-local-ip", "Container IPv4/IPv6 link-local addresses", \.linkLocal),
            .text("mac-address", "Container MAC address (e.g., 92:d0:c6:0a:29:33)", \.mac),
            .list("network-alias", "Add network-scoped alias for the container", \.aliases).aliased("net-alias"),
            .list("dns", "Set custom DNS servers", \.dns),
            .list("dns-option", "Set DNS options", \.dnsOptions).aliased("dns-opt"),
            .list("dns-search", "Set custom DNS search domains", \.dnsSearch),
            .list("add-host", "Add a custom host-to-IP mapping (host:ip)", \.hosts),
            .list("link", "Add link to another container", \.links),
            .text("net-rate", "Limit the network to IN/OUT bits per second (e.g. 10m/512k)", \.rate),
            .toggle("disable-network-files", "Leave /etc/hosts, hostname and resolv.conf of the image", \.leavesFiles),
        ]
    }

    func fill(_ body: inout CreateBody) throws(Failure) {
        try fillNetworks(&body)
        try fillPorts(&body)
        body.host.set("Links", links)
        body.host.set("NetRate", rate)
        body.config.set("DisableNetworkFiles", leavesFiles)
        body.host.set("Dns", dns)
        body.host.set("DnsOptions", dnsOptions)
        body.host.set("DnsSearch", dnsSearch)
        var extra: [String] = []
        for host in hosts { extra.append(try Self.host(host)) }
        body.host.set("ExtraHosts", extra)
    }

    /// `name:ip` or `name=ip`, sent as `name:ip`; an IPv6 address may stand in brackets.
    static func host(_ text: String) throws(Failure) -> String {
        let separator: Character = text.contains("=") ? "=" : ":"
        let (name, address) = split(text, at: separator)
        guard var address, !name.isEmpty, !address.isEmpty else {
            throw .message("invalid argument \"\(text)\" for \"--add-host\": bad format for add-host", code: 125)
        }
        if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
        return "\(name):\(address)"
    }

    private func fillNetworks(_ body: inout CreateBody) throws(Failure) {
        var mode = "default"
        for (index, text) in networks.enumerated() {
            let (name, settings) = try Self.network(text)
            if index == 0 { mode = name }
            if networks.count > 1 || !settings.isEmpty { body.endpoints[name] = .object(settings) }
        }
        body.host["NetworkMode"] = .string(mode)
        var addresses: JSONObject = [:]
        addresses.set("IPv4Address", ip)
        addresses.set("IPv6Address", ip6)
        addresses.set("LinkLocalIPs", linkLocal)
        var settings = body.endpoints[mode]?.objectValue ?? [:]
        settings.set("IPAMConfig", addresses)
        settings.set("Aliases", aliases)
        settings.set("MacAddress", mac)
        body.config.set("MacAddress", mac)
        if !settings.isEmpty { body.endpoints[mode] = .object(settings) }
    }

    /// A name, or `name=…,alias=…,ip=…`.
    private static func network(_ text: String) throws(Failure) -> (String, JSONObject) {
        guard text.contains("="), text.contains("name=") else { return (text, [:]) }
        var name = ""
        var settings: JSONObject = [:]
        var addresses: JSONObject = [:]
        var (aliases, linkLocal): ([String], [String]) = ([], [])
        var options: JSONObject = [:]
        for field in MountFlag.fields(text) {
            let (key, value) = split(field, at: "=")
            switch key {
            case "name": name = value ?? ""
            case "alias": aliases.append(value ?? "")
            case "ip": addresses.set("IPv4Address", value)
            case "ip6": addresses.set("IPv6Address", value)
            case "link-local-ip": linkLocal.append(value ?? "")
            case "mac-address": settings.set("MacAddress", value)
            case "driver-opt":
                let (option, text) = split(value ?? "", at: "=")
                options[option] = .string(text ?? "")
            case "gw-priority": settings.set("GwPriority", value.flatMap { Int64($0) })
            default: throw .message("invalid argument \"\(text)\" for \"--network\": invalid field \(field)", code: 125)
            }
        }
        addresses.set("LinkLocalIPs", linkLocal)
        settings.set("IPAMConfig", addresses)
        settings.set("Aliases", aliases)
        settings.set("DriverOpts", options)
        return (name, settings)
    }

    private func fillPorts(_ body: inout CreateBody) throws(Failure) {
        var exposed: JSONObject = [:]
        var bindings: JSONObject = [:]
        do throws(FlagError) {
            for text in publish {
                for (port, binding) in try PortMapping.parse(text) {
                    exposed[port] = .object([:])
                    bindings[port] = .array((bindings[port]?.arrayValue ?? []) + [binding])
                }
            }
            for text in expose {
                for port in try PortMapping.exposed(text) { exposed[port] = .object([:]) }
            }
        } catch {
            throw .message(error.reason, code: 125)
        }
        body.config.set("ExposedPorts", exposed)
        body.host.set("PortBindings", bindings)
        body.host.set("PublishAllPorts", publishesAll)
    }
}
