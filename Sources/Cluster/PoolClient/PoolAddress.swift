package import ClusterModel
internal import JSON
internal import LinuxKernel
internal import Units

/// Where a pool's server is and how to be known there.
package struct PoolAddress: Sendable, Equatable {
    /// `https://HOST:PORT`, `http://HOST:PORT` or `unix:///PATH`.
    package var server: String
    /// PEM texts; empty where there are none.
    package var authority = ""
    package var certificate = ""
    package var key = ""
    package var token = ""
    /// Who answers is not asked for a certificate that we know.
    package var skipsVerification = false
    /// Where objects go that name no namespace.
    package var namespace = "default"

    package init(_ server: String) {
        self.server = server
    }

    /// Reads a kubeconfig's current context, or the context `named`.
    ///
    /// - Throws: ``ManifestError`` for what is missing or cannot be read.
    package init(kubeconfig path: String, context named: String? = nil) throws(ManifestError) {
        let text = try Self.file(path)
        guard let document = try YAMLDocuments.read(text, name: path).first else {
            throw ManifestError(path, "it is empty")
        }
        let root = Field(document, path: path)
        func entry(_ list: String, _ name: String, _ part: String) throws(ManifestError) -> Field {
            guard let found = root[list].elements.first(where: { $0["name"].text == name }) else {
                throw ManifestError("\(path): \(list)", "there is no \(name)")
            }
            return found[part]
        }
        guard let current = named ?? root["current-context"].text, !current.isEmpty else {
            throw ManifestError("\(path): current-context", "it names no context")
        }
        let context = try entry("contexts", current, "context")
        let cluster = try entry("clusters", try context["cluster"].string(), "cluster")
        self.init(try cluster["server"].string())
        namespace = context["namespace"].text ?? "default"
        skipsVerification = try cluster["insecure-skip-tls-verify"].bool(default: false)
        authority = try Self.pem(cluster, "certificate-authority")
        guard let name = context["user"].text else { return }
        let user = try entry("users", name, "user")
        certificate = try Self.pem(user, "client-certificate")
        key = try Self.pem(user, "client-key")
        token = user["token"].text ?? ""
    }

    /// What stands in `name-data` as base64, or in the file that `name` names.
    private static func pem(_ field: Field, _ name: String) throws(ManifestError) -> String {
        let inline = field["\(name)-data"]
        if let text = inline.text, !text.isEmpty {
            guard let bytes = Base64.decoded(text) else { throw ManifestError(inline.path, "expected base64") }
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let path = field[name].text, !path.isEmpty else { return "" }
        return try file(path)
    }

    private static func file(_ path: String) throws(ManifestError) -> String {
        do throws(SyscallError) {
            return String(decoding: try WholeFile.read(path), as: UTF8.self)
        } catch {
            throw ManifestError(path, "\(error)")
        }
    }
}
