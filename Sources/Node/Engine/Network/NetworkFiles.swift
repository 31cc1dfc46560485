/// The texts of /etc/hostname, /etc/hosts and /etc/resolv.conf of a container.
enum NetworkFiles {
    /// `addresses` are the container's own; `links` are lines for containers that it is linked to.
    static func hosts(
        hostname: String, domain: String, addresses: [String], links: [String], extra: [String]
    ) -> String {
        var lines = [
            "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", "fe00::\tip6-localnet",
            "ff00::\tip6-mcastprefix", "ff02::1\tip6-allnodes", "ff02::2\tip6-allrouters",
        ]
        lines += extraLines(extra)
        lines += links
        let names = domain.isEmpty ? hostname : "\(hostname).\(domain) \(hostname)"
        lines += addresses.map { "\($0)\t\(names)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `name:address` or `name=address`.
    static func extraLines(_ extra: [String]) -> [String] {
        extra.compactMap { text in
            guard let separator = text.firstIndex(where: { $0 == "=" }) ?? text.firstIndex(of: ":") else { return nil }
            return "\(text[text.index(after: separator)...])\t\(text[..<separator])"
        }
    }

    /// What containers ask when they are told nothing and the host's own servers are out of their reach.
    private static let publicServers = ["8.8.8.8", "8.8.4.4"]

    /// For a container with a loopback of its own: servers on the host's loopback do not answer there.
    static func reachable(_ host: String) -> String {
        var lines = host.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines.removeAll { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.first == "nameserver" && words.count > 1
                && (words[1].hasPrefix("127.") || words[1] == "::1" || words[1].hasPrefix("::1%"))
        }
        let hasServer = lines.contains { $0.split(whereSeparator: \.isWhitespace).first == "nameserver" }
        if !hasServer { lines += publicServers.map { "nameserver \($0)" } }
        return lines.joined(separator: "\n")
    }

    /// The servers that a text names.
    static func servers(in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.count > 1 && words[0] == "nameserver" ? String(words[1]) : nil
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
