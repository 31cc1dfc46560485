internal import DockerClient

/// How `tcp://` daemons are reached: docker's flags, and its variables under its own and our names.
struct TLSFlags {
    var isWanted = false
    var verifies = false
    var authority: String?
    var certificate: String?
    var key: String?

    static var flags: [Flag<GlobalOptions>] {
        [
            .toggle("tls", "Use TLS for tcp:// hosts; implied by --tlsverify", \.tls.isWanted),
            .toggle("tlsverify", "Use TLS, and only with a daemon that proves who it is", \.tls.verifies),
            .text(
                "tlscacert", "Who signs the daemon's certificate (default: ca.pem in the certificates' folder)",
                \.tls.authority),
            .text("tlscert", "Our certificate (default: cert.pem there)", \.tls.certificate),
            .text("tlskey", "Its key (default: key.pem there)", \.tls.key),
        ]
    }

    /// The way to `tcp://HOST[:PORT]`, port 2376 unless it says another.
    ///
    /// - Throws: ``ClientError/host(_:reason:)``, also without TLS: in the clear everyone on the way is root.
    func endpoint(_ text: String, _ variable: (String) -> String?, exists: (String) -> Bool) throws(ClientError)
        -> Endpoint
    {
        func named(_ name: String) -> String? {
            let value = variable("POUCH_\(name)") ?? variable("DOCKER_\(name)")
            return value?.isEmpty == true ? nil : value
        }
        let mustVerify = verifies || named("TLS_VERIFY") != nil
        guard isWanted || mustVerify else {
            throw .host(text, reason: "needs TLS: give --tlsverify, or --tls to believe any daemon")
        }
        guard let (host, port) = Self.place(text) else { throw .host(text, reason: "expected tcp://host:port") }
        let folder = named("CERT_PATH") ?? "\(variable("HOME") ?? "")/.docker"
        func file(_ given: String?, _ name: String, isNeeded: Bool) throws(ClientError) -> String? {
            let path = given ?? "\(folder)/\(name)"
            if exists(path) { return path }
            guard given == nil, !isNeeded else { throw .host(text, reason: "\(path): no such file") }
            return nil
        }
        var arguments = ["dial", host, port]
        let files: [(String, String?)] = [
            ("--tlscacert", try file(authority, "ca.pem", isNeeded: mustVerify)),
            ("--tlscert", try file(certificate, "cert.pem", isNeeded: false)),
            ("--tlskey", try file(key, "key.pem", isNeeded: false)),
        ]
        for (flag, path) in files { if let path { arguments += [flag, path] } }
        if !mustVerify { arguments.append("--unverified") }
        let program = SiblingProgram(name: "pouch-pool", verb: "tcp")
        return .carried(.init(address: text, programs: program.places(variable), arguments: arguments))
    }

    /// `host:port`, where a number of version 6 stands in brackets.
    private static func place(_ text: String) -> (host: String, port: String)? {
        let rest = text.dropFirst("tcp://".count)
        guard !rest.isEmpty, !rest.contains("/") else { return nil }
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            let host = String(rest[rest.index(after: rest.startIndex)..<end])
            let behind = rest[rest.index(after: end)...]
            guard !behind.isEmpty else { return (host, "2376") }
            return behind.first == ":" && UInt16(behind.dropFirst()) != nil ? (host, String(behind.dropFirst())) : nil
        }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty else { return nil }
        switch parts.count {
        case 1: return (String(host), "2376")
        case 2: return UInt16(parts[1]) == nil ? nil : (String(host), String(parts[1]))
        default: return nil
        }
    }
}
