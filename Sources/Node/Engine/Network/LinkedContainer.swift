/// A container that another one is linked to on the default bridge, as it was when the other one started.
///
/// Pure: what the other finds in /etc/hosts and in its environment. Networks that people made have names instead.
///
/// Source: Docker, "Legacy container links".
struct LinkedContainer: Equatable, Sendable {
    /// What the other calls it.
    var alias: String
    /// What it is called besides.
    var names: [String]
    var address: String
    /// The name of the container that has the link.
    var parent: String
    /// As in `80/tcp`.
    var ports: [String]
    var environment: [String]

    /// Reads `name`, `name:alias` and the long form that inspect shows, `/name:/parent/alias`.
    static func halves(of link: String) -> (name: String, alias: String) {
        let parts = link.split(separator: ":", maxSplits: 1).map { String($0.split(separator: "/").last ?? "") }
        let name = parts.first ?? ""
        return (name, parts.count > 1 ? parts[1] : name)
    }

    var hostsLine: String {
        var all = [alias]
        for name in names where !all.contains(name) { all.append(name) }
        return "\(address)\t\(all.joined(separator: " "))"
    }

    /// Its ports, name and variables, each under the alias.
    var variables: [String] {
        let prefix = alias.uppercased().replacing("-", with: "_")
        var variables = ["\(prefix)_NAME=/\(parent)/\(alias)"]
        var sorted: [(number: Int, transport: String)] = []
        for range in ports.compactMap({ try? PortRange(parsing: $0) }) {
            for number in range.first...range.last { sorted.append((number, range.transport)) }
        }
        sorted.sort { left, right in
            left.transport == right.transport ? left.number < right.number : left.transport == "tcp"
        }
        if let first = sorted.first {
            variables.append("\(prefix)_PORT=\(first.transport)://\(address):\(first.number)")
        }
        for (number, transport) in sorted {
            let port = "\(prefix)_PORT_\(number)_\(transport.uppercased())"
            variables += [
                "\(port)=\(transport)://\(address):\(number)", "\(port)_ADDR=\(address)", "\(port)_PORT=\(number)",
                "\(port)_PROTO=\(transport)",
            ]
        }
        // These say how a container is set up, not what it offers.
        let own = ["HOME=", "PATH="]
        for variable in environment where variable.contains("=") && !own.contains(where: variable.hasPrefix) {
            variables.append("\(prefix)_ENV_\(variable)")
        }
        return variables
    }
}
