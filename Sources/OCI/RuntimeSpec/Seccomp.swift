package import JSON

extension RuntimeSpec {
    /// Which system calls are filtered, and how.
    ///
    /// Source: config-linux.md, "Seccomp".
    package struct Seccomp: Equatable, Sendable {
        /// For each system call that no rule names.
        package var defaultAction: Action
        /// For `SCMP_ACT_ERRNO` and `SCMP_ACT_TRACE`; absent: `EPERM`.
        package var defaultErrnoRet: UInt32?
        /// Beside the native one.
        package var architectures: [Arch]?
        /// Such as `SECCOMP_FILTER_FLAG_LOG`.
        package var flags: [String]?
        /// The socket that gets the descriptor of the notifications.
        package var listenerPath: String?
        /// Handed to the listener as it stands.
        package var listenerMetadata: String?
        package var syscalls: [Syscall]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            defaultAction: Action, defaultErrnoRet: UInt32? = nil, architectures: [Arch]? = nil, flags: [String]? = nil,
            listenerPath: String? = nil, listenerMetadata: String? = nil, syscalls: [Syscall]? = nil
        ) {
            self.defaultAction = defaultAction
            self.defaultErrnoRet = defaultErrnoRet
            self.architectures = architectures
            self.flags = flags
            self.listenerPath = listenerPath
            self.listenerMetadata = listenerMetadata
            self.syscalls = syscalls
        }
    }
}

extension RuntimeSpec.Seccomp: JSONCodable {
    private static let known = [
        "defaultAction", "defaultErrnoRet", "architectures", "flags", "listenerPath", "listenerMetadata", "syscalls",
    ]

    package init(json: JSONField) throws(JSONError) {
        defaultAction = try json["defaultAction"].read()
        defaultErrnoRet = try json["defaultErrnoRet"].intIfPresent()
        architectures = try json["architectures"].readIfPresent()
        flags = try json["flags"].stringsIfPresent()
        listenerPath = try json["listenerPath"].nonEmptyString()
        listenerMetadata = try json["listenerMetadata"].nonEmptyString()
        syscalls = try json["syscalls"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["defaultAction"] = defaultAction.json
        json["defaultErrnoRet"] = defaultErrnoRet?.json
        json["architectures"] = architectures?.json
        json["flags"] = flags?.json
        json["listenerPath"] = listenerPath?.json
        json["listenerMetadata"] = listenerMetadata?.json
        json["syscalls"] = syscalls?.json
        json.merge(extra)
        return .object(json)
    }
}
