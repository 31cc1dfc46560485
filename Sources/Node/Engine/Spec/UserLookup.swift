internal import RuntimeSpec

/// Finds users and groups in a root filesystem's own `passwd` and `group`; the host's are never asked.
struct UserLookup: Sendable {
    struct Account: Equatable {
        var name: String
        var uid: UInt32
        var gid: UInt32
        var home: String
    }

    struct Group: Equatable {
        var name: String
        var gid: UInt32
        var members: [Substring]
    }

    private let accounts: [Account]
    private let groups: [Group]

    /// The contents of the two files; lines that are not well formed are passed over, as the C library does.
    init(passwd: [UInt8] = [], group: [UInt8] = []) {
        accounts = Self.lines(passwd).compactMap { fields in
            guard fields.count >= 6, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return Account(name: String(fields[0]), uid: uid, gid: gid, home: String(fields[5]))
        }
        groups = Self.lines(group).compactMap { fields in
            guard fields.count >= 3, let gid = UInt32(fields[2]) else { return nil }
            return Group(
                name: String(fields[0]), gid: gid, members: fields.count > 3 ? fields[3].split(separator: ",") : [])
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [[Substring]] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            line.hasPrefix("#") ? nil : line.split(separator: ":", omittingEmptySubsequences: false)
        }
    }

    /// Resolves `user[:group]`, empty being root, and the further groups of `groupAdd`.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` for a name that the files do not have.
    func resolve(_ text: String, groupAdd: [String] = []) throws(EngineError) -> (user: RuntimeSpec.User, home: String)
    {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let userText = parts.first ?? ""
        let groupText = parts.count > 1 ? parts[1] : ""
        var user = RuntimeSpec.User()
        var home = "/"
        var name: String?
        if let account = account(userText.isEmpty ? "0" : userText) {
            user.uid = account.uid
            user.gid = account.gid
            home = account.home.isEmpty ? "/" : account.home
            name = account.name
        } else if userText.isEmpty || Self.isNumber(userText) {
            user.uid = try Self.id(userText.isEmpty ? "0" : userText)
        } else {
            throw .invalid("unable to find user \(userText): no matching entries in passwd file")
        }
        var additional: [UInt32] = []
        if !groupText.isEmpty {
            user.gid = try gid(
                groupText, otherwise: "unable to find group \(groupText): no matching entries in group file")
        } else if let name {
            for group in groups where group.members.contains(Substring(name)) { additional.append(group.gid) }
        }
        for text in groupAdd {
            let gid = try gid(text, otherwise: "Unable to find group \(text): no matching entries in group file")
            if !additional.contains(gid) { additional.append(gid) }
        }
        // The kernel counts the primary group among a process's groups only when it is listed.
        if !additional.contains(user.gid) { additional.insert(user.gid, at: 0) }
        user.additionalGids = additional
        return (user, home)
    }

    private func account(_ text: String) -> Account? {
        if let named = accounts.first(where: { $0.name == text }) { return named }
        guard let uid = UInt32(text) else { return nil }
        return accounts.first { $0.uid == uid }
    }

    private func gid(_ text: String, otherwise message: String) throws(EngineError) -> UInt32 {
        if let group = groups.first(where: { $0.name == text }) { return group.gid }
        guard Self.isNumber(text) else { throw .invalid(message) }
        return try Self.id(text)
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    private static func id(_ text: String) throws(EngineError) -> UInt32 {
        guard let id = UInt32(text), id <= UInt32(Int32.max) else {
            throw .invalid("uids and gids must be in range 0-2147483647")
        }
        return id
    }
}
