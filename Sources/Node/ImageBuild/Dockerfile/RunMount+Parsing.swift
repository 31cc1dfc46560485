internal import Units

extension RunMount {
    /// Reads `type=cache,target=/x,…`.
    init(parsing text: String) throws(DockerfileError) {
        var fields: [(name: String, value: String?)] = []
        for field in text.split(separator: ",") {
            guard let equals = field.firstIndex(of: "=") else {
                fields.append((field.lowercased(), nil))
                continue
            }
            fields.append((field[..<equals].lowercased(), String(field[field.index(after: equals)...])))
        }
        let type = fields.last { $0.name == "type" }?.value ?? "bind"
        guard let kind = Kind(rawValue: type) else {
            throw DockerfileError(
                line: 0,
                type == "ssh"
                    ? "RUN --mount=type=ssh needs a BuildKit session, which pouch does not have: give a key with --secret"
                    : "unsupported mount type \"\(type)\": there are bind, cache, tmpfs and secret")
        }
        self.init(kind)
        for (name, value) in fields where name != "type" { try set(name, value) }
        if kind == .secret { try finishSecret(text) }
        guard !target.isEmpty || kind == .secret else {
            throw DockerfileError(line: 0, "--mount=\(text): a target is missing")
        }
        if kind == .tmpfs, from != nil || !source.isEmpty {
            throw DockerfileError(line: 0, "--mount=\(text): a tmpfs has no source")
        }
    }

    /// A secret is called like its file, or its file like it.
    private mutating func finishSecret(_ text: String) throws(DockerfileError) {
        if id.isEmpty { id = target.split(separator: "/").last.map(String.init) ?? "" }
        guard !id.isEmpty else { throw DockerfileError(line: 0, "--mount=\(text): an id is missing") }
        if target.isEmpty, variable.isEmpty { target = "/run/secrets/\(id)" }
    }

    private mutating func set(_ name: String, _ value: String?) throws(DockerfileError) {
        switch name {
        case "ro", "readonly": return isReadOnly = try Self.flag(name, value)
        case "rw", "readwrite": return isReadOnly = try !Self.flag(name, value)
        case "required" where kind == .secret: return isRequired = try Self.flag(name, value)
        default: break
        }
        guard let value else { throw DockerfileError(line: 0, "mount option \(name) needs a value") }
        switch (name, kind) {
        case ("target", _), ("dst", _), ("destination", _): target = value
        case ("source", .bind), ("source", .cache), ("src", .bind), ("src", .cache): source = value
        case ("from", .bind), ("from", .cache), ("from", .tmpfs): from = value
        case ("id", .cache), ("id", .secret): id = value
        case ("env", .secret): variable = value
        case ("sharing", .cache):
            guard let wanted = Sharing(rawValue: value) else {
                throw DockerfileError(line: 0, "unsupported sharing \"\(value)\": there are shared, private and locked")
            }
            sharing = wanted
        case ("mode", .cache), ("mode", .secret):
            guard let bits = UInt32(value, radix: 8), bits <= 0o7777 else {
                throw DockerfileError(line: 0, "mount option mode: \"\(value)\" is not an octal mode")
            }
            mode = bits
        case ("uid", .cache), ("uid", .secret): owner = try Self.number(name, value)
        case ("gid", .cache), ("gid", .secret): group = try Self.number(name, value)
        case ("size", .tmpfs):
            guard let bytes = try? ByteCount(parsing: value) else {
                throw DockerfileError(line: 0, "mount option size: \"\(value)\" is not a size such as 64m")
            }
            size = Int64(clamping: bytes.bytes)
        default: throw DockerfileError(line: 0, "unexpected option \(name) of a \(kind.rawValue) mount")
        }
    }

    private static func flag(_ name: String, _ value: String?) throws(DockerfileError) -> Bool {
        switch value?.lowercased() {
        case nil, "true", "1": return true
        case "false", "0": return false
        case let other?: throw DockerfileError(line: 0, "mount option \(name): \"\(other)\" is neither true nor false")
        }
    }

    private static func number(_ name: String, _ value: String) throws(DockerfileError) -> UInt32 {
        guard let number = UInt32(value) else {
            throw DockerfileError(line: 0, "mount option \(name): \"\(value)\" is not a number")
        }
        return number
    }
}
