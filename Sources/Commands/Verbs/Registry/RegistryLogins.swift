internal import Glibc
internal import JSON
internal import LinuxKernel
internal import Units

/// The user's logins: Pouch's own file first, then Docker's, each with the credential programs it names.
///
/// Source: docker/cli, "docker login", "Credential stores", "Credential helpers".
struct RegistryLogins {
    /// What goes to the daemon when nobody has logged in and a header is expected all the same: `{}`.
    static let nobody = "e30="

    private let files: [String]
    private let session: Session

    init(_ session: Session) {
        self.session = session
        let home = session.environment("HOME") ?? "/root"
        files = [
            (session.environment("POUCH_CONFIG") ?? "\(home)/.pouch") + "/config.json",
            (session.environment("DOCKER_CONFIG") ?? "\(home)/.docker") + "/config.json",
        ]
    }

    /// The key under which a registry stands in those files; Docker's own has an old name.
    static func key(_ registry: String) -> String {
        registry == "docker.io" || registry == "index.docker.io" || registry == "registry-1.docker.io"
            ? "https://index.docker.io/v1/" : registry
    }

    /// The `X-Registry-Auth` for `registry`; nil when there is no login.
    ///
    /// - Throws: ``Failure/message(_:code:)`` for a file that cannot be read and a credential program that fails.
    func header(for registry: String) throws(Failure) -> String? {
        try login(for: registry).map { Base64.encoded(JSONValue.object($0).encoded(), forURL: true) }
    }

    /// Docker's `AuthConfig` for `registry`.
    func login(for registry: String) throws(Failure) -> JSONObject? {
        let key = Self.key(registry)
        for file in files {
            guard let config = try read(file) else { continue }
            if let program = Self.program(for: key, in: config),
                let found = try CredentialProgram(program, session.environment).get(key)
            {
                return found.authConfig(for: key)
            }
            if let entry = Self.entry(for: key, in: config) { return entry }
        }
        return nil
    }

    /// Writes a login down, with the credential program if the file names one; gives a warning when it is kept in the clear.
    func store(_ registry: String, username: String, password: String) throws(Failure) -> String? {
        let key = Self.key(registry)
        var config = try read(files[0]) ?? [:]
        var auths = config["auths"]?.objectValue ?? [:]
        if let program = Self.program(for: key, in: config) {
            try CredentialProgram(program, session.environment).store(key, username: username, secret: password)
            auths[key] = [:]
            config["auths"] = .object(auths)
            try write(config)
            return nil
        }
        auths[key] = ["auth": .string(Base64.encoded(Array("\(username):\(password)".utf8)))]
        config["auths"] = .object(auths)
        try write(config)
        return "WARNING! Your password is stored unencrypted in \(files[0])."
    }

    /// Forgets a login of Pouch's own file; says whether there was one.
    func erase(_ registry: String) throws(Failure) -> Bool {
        let key = Self.key(registry)
        guard var config = try read(files[0]) else { return false }
        if let program = Self.program(for: key, in: config) {
            try CredentialProgram(program, session.environment).erase(key)
        }
        var auths = config["auths"]?.objectValue ?? [:]
        guard let name = auths.keys.first(where: { Self.host($0) == Self.host(key) }) else { return false }
        _ = auths.removeValue(forKey: name)
        config["auths"] = .object(auths)
        try write(config)
        return true
    }

    // MARK: the files

    private func read(_ file: String) throws(Failure) -> JSONObject? {
        let bytes: [UInt8]
        do throws(SyscallError) {
            bytes = try WholeFile.read(file)
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { return nil }
            throw .message("\(error)")
        }
        guard let config = try? JSONValue(parsing: bytes).objectValue else {
            throw .message("\(file): not a JSON object; correct it or move it away")
        }
        return config
    }

    private func write(_ config: JSONObject) throws(Failure) {
        let file = files[0]
        let folder = String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)])
        mkdir(folder, 0o700)
        do throws(SyscallError) {
            let text = IndentedJSON.text(.object(config)) + "\n"
            try WholeFile.replace(file, with: Array(text.utf8), mode: 0o600)
        } catch {
            throw .message("\(error)")
        }
    }

    /// The credential program for a registry: its own, else that of all.
    private static func program(for key: String, in config: JSONObject) -> String? {
        let own = config["credHelpers"]?.objectValue?.first { host($0.key) == host(key) }?.value.stringValue
        let name = own ?? config["credsStore"]?.stringValue ?? ""
        return name.isEmpty ? nil : name
    }

    private static func entry(for key: String, in config: JSONObject) -> JSONObject? {
        guard let found = config["auths"]?.objectValue?.first(where: { host($0.key) == host(key) })?.value.objectValue,
            !found.isEmpty
        else { return nil }
        var login: JSONObject = ["serveraddress": .string(key)]
        for name in ["username", "password", "identitytoken", "registrytoken"] {
            if let value = found[name] { login[name] = value }
        }
        if let auth = found["auth"]?.stringValue, let bytes = Base64.decoded(auth),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        {
            login["username"] = .string(String(decoding: bytes[..<colon], as: UTF8.self))
            login["password"] = .string(String(decoding: bytes[(colon + 1)...], as: UTF8.self))
        }
        return login
    }

    /// Old files have addresses where newer ones have hosts.
    private static func host(_ key: String) -> Substring {
        var rest = Substring(key)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        return rest.prefix { $0 != "/" }
    }
}
