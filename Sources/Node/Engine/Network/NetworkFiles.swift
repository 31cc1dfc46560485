/// The texts of /etc/hostname, /etc/hosts and /etc/resolv.conf of a container.
enum NetworkFiles {
    /// `address` is the container's own, nil without a network.
    static func hosts(hostname: String, domain: String, address: String?, extra: [String]) -> String {
        var lines = [
            "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", "fe00::\tip6-localnet",
            "ff00::\tip6-mcastprefix", "ff02::1\tip6-allnodes", "ff02::2\tip6-allrouters",
        ]
        lines += extraLines(extra)
        if let address {
            let names = domain.isEmpty ? hostname : "\(hostname).\(domain) \(hostname)"
            lines.append("\(address)\t\(names)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `name:address` or `name=address`.
    static func extraLines(_ extra: [String]) -> [String] {
        extra.compactMap { text in
            guard let separator = text.firstIndex(where: { $0 == "=" }) ?? text.firstIndex(of: ":") else { return nil }
            return "\(text[text.index(after: separator)...])\t\(text[..<separator])"
        }
    }

    /// The host's file with what the container or the daemon sets in place of what the host has.
    static func resolvConf(host: String, servers: [String], search: [String], options: [String]) -> String {
        var kept = host.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        func drop(_ keyword: String) {
            kept.removeAll { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) == keyword }
        }
        if !servers.isEmpty { drop("nameserver") }
        if !search.isEmpty {
            drop("search")
            drop("domain")
        }
        if !options.isEmpty { drop("options") }
        while kept.last == "" { kept.removeLast() }
        kept += servers.map { "nameserver \($0)" }
        // A lone dot asks for no search at all.
        if !search.isEmpty, search != ["."] { kept.append("search " + search.joined(separator: " ")) }
        if !options.isEmpty { kept.append("options " + options.joined(separator: " ")) }
        return kept.joined(separator: "\n") + "\n"
    }
}
