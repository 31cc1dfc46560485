internal import LinuxKernel
internal import NIOSSL

/// One server that speaks the distribution API: a registry, or a mirror of one.
struct Endpoint: Sendable {
    /// Without the path of the API; the target is what stands before `/v2/`.
    var address: WebAddress
    var tls: TLSConfiguration?
    /// Mirrors see no credentials and nothing is written to them.
    var isMirror: Bool

    /// The address of `path`, which begins with `/v2/`.
    func at(_ path: String) -> WebAddress {
        var full = address
        full.target = (address.target == "/" ? "" : address.target) + path
        return full
    }

    /// The server that serves `domain`: Docker's own registry has another name than its images say.
    static func authority(of domain: String) -> String {
        domain == "docker.io" ? "registry-1.docker.io" : domain.lowercased()
    }
}

/// The certificates for one registry, as docker lays them out: `<host>/ca.crt`, `<host>/client.cert`, `<host>/client.key`.
///
/// Source: https://docs.docker.com/engine/security/certificates/
struct RegistryCertificates {
    let folders: [String]

    /// What to trust and to show at `authority`; blocks on the disk.
    ///
    /// - Throws: ``RegistryError/settings(_:)`` for a certificate without its key, a key without its certificate, and files
    ///   that are no PEM.
    func configuration(for authority: String, isInsecure: Bool) throws(RegistryError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if isInsecure { tls.certificateVerification = .none }
        for folder in folders.map({ "\($0)/\(authority)" }) {
            guard let names = try? Files.list(folder).sorted() else { continue }
            for name in names where name.hasSuffix(".crt") {
                tls.additionalTrustRoots.append(.certificates(try certificates("\(folder)/\(name)")))
            }
            for name in names where name.hasSuffix(".cert") {
                let key = String(name.dropLast(5)) + ".key"
                guard names.contains(key) else { throw .settings("\(folder): \(name) has no \(key) beside it") }
                tls.certificateChain = try certificates("\(folder)/\(name)").map { .certificate($0) }
                do {
                    tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: "\(folder)/\(key)", format: .pem))
                } catch {
                    throw .settings("\(folder)/\(key): \(error)")
                }
            }
            for name in names where name.hasSuffix(".key") && !names.contains(String(name.dropLast(4)) + ".cert") {
                throw .settings("\(folder): \(name) has no certificate beside it")
            }
            break
        }
        return tls
    }

    /// Whether this machine shows `authority` who it is; blocks on the disk.
    func hasOwn(for authority: String) throws(RegistryError) -> Bool {
        try configuration(for: authority, isInsecure: false).privateKey != nil
    }

    private func certificates(_ path: String) throws(RegistryError) -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw .settings("\(path): \(error)")
        }
    }
}
