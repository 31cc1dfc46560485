internal import JSON
internal import LinuxKernel
internal import Units

/// What `--secret` names, as the daemon takes it.
///
/// Secrets go with the request's head, never with the context, so that no step's files can hold one.
enum BuildSecrets {
    /// The daemon reads at most 64 KiB of a request's head; base64 is applied twice.
    private static let largest = 32 << 10

    /// The value of `X-Build-Secrets`; nil without secrets.
    static func encoded(_ flags: [String], _ session: Session) throws(Failure) -> String? {
        guard !flags.isEmpty else { return nil }
        var object = JSONObject()
        var size = 0
        for flag in flags {
            let (id, bytes) = try read(flag, session)
            size += bytes.count
            object[id] = .string(Base64.encoded(bytes))
        }
        guard size <= largest else {
            throw .message("--secret: \(size) bytes in all, and a build takes at most \(largest)")
        }
        return Base64.encoded(JSONValue.object(object).encoded())
    }

    private static func read(_ flag: String, _ session: Session) throws(Failure) -> (id: String, [UInt8]) {
        var fields: [String: String] = [:]
        for field in flag.split(separator: ",") {
            let halves = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard halves.count == 2 else { throw .message("--secret \(flag): \(field) is not NAME=VALUE") }
            fields[halves[0].lowercased()] = halves[1]
        }
        let type = fields.removeValue(forKey: "type")
        let file = fields.removeValue(forKey: "src") ?? fields.removeValue(forKey: "source")
        let variable = fields.removeValue(forKey: "env")
        guard let id = fields.removeValue(forKey: "id"), !id.isEmpty else {
            throw .message("--secret \(flag): an id is missing")
        }
        if let odd = fields.keys.sorted().first { throw .message("--secret \(flag): unexpected key \(odd)") }
        switch type {
        case nil, "file", "env": break
        case let other?: throw .message("--secret \(flag): unsupported type \(other): there are file and env")
        }
        // Without a source the name is that of a variable, if there is one, else that of a file.
        let name = variable ?? (file == nil ? id : nil)
        if type != "file", let name, variable != nil || type == "env" || session.environment(name) != nil {
            guard let value = session.environment(name) else {
                throw .message("--secret \(flag): there is no variable \(name)")
            }
            return (id, Array(value.utf8))
        }
        do throws(SyscallError) { return (id, try WholeFile.read(file ?? id)) } catch {
            throw .message("--secret \(flag): \(error)")
        }
    }
}
