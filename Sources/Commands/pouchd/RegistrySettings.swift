internal import Engine
internal import HTTPKit

/// Where and how this daemon gives its images to other machines; nowhere unless `--registry-listen` says so.
struct RegistrySettings {
    var address: ListenAddress?
    var allowsPush: Bool
    var certificate: String?
    var key: String?
    var authority: String?
    /// Registries that clients reach through this one.
    var mirrored: MirroredHosts?

    init(_ flags: Flags, _ file: SettingsFile) throws {
        allowsPush = try flags.registryPush || file.bool("registry-push") == true
        certificate = try flags.registryTLSCert ?? file.string("registry-tlscert")
        key = try flags.registryTLSKey ?? file.string("registry-tlskey")
        authority = try flags.registryTLSCACert ?? file.string("registry-tlscacert")
        let hosts =
            try flags.registryPullThrough.isEmpty
            ? file.strings("registry-pull-through") ?? [] : flags.registryPullThrough
        mirrored = hosts.isEmpty ? nil : try MirroredHosts(hosts)
        guard let text = try flags.registryListen ?? file.string("registry-listen") else {
            address = nil
            guard hosts.isEmpty else {
                throw ConfigurationError.machine("--registry-pull-through needs --registry-listen")
            }
            return
        }
        let address: ListenAddress
        do throws(ListenError) { address = try ListenAddress(parsing: text) } catch {
            throw ConfigurationError.invalid(name: "registry-listen", value: text, why: "not ADDRESS:PORT")
        }
        self.address = address
        guard (certificate == nil) == (key == nil), authority == nil || certificate != nil else {
            throw ConfigurationError.machine("--registry-tlscert and --registry-tlskey go together, for the CA, too")
        }
        let isPlain = try flags.registryPlainHTTP || file.bool("registry-plain-http") == true
        guard certificate != nil || address.isLoopback || isPlain else {
            throw ConfigurationError.invalid(
                name: "registry-listen", value: text,
                why: "others could reach it without TLS; give --registry-tlscert and --registry-tlskey, or "
                    + "--registry-plain-http")
        }
    }

    var listener: Listener? {
        guard let address else { return nil }
        guard let certificate, let key else {
            return .plain(PlainListener(host: address.host, port: address.port))
        }
        return .tls(
            TLSListener(
                host: address.host, port: address.port, authority: authority, certificate: certificate, key: key))
    }
}
