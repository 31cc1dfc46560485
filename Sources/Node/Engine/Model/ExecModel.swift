/// The body of `POST /containers/{id}/exec`.
package struct ExecConfig: Codable, Equatable, Sendable {
    @Present package var user: String
    @Present package var privileged: Bool
    @Present package var tty: Bool
    /// Rows, columns.
    package var consoleSize: [Int]?
    @Present package var attachStdin: Bool
    @Present package var attachStderr: Bool
    @Present package var attachStdout: Bool
    @Present package var detach: Bool
    @Present package var detachKeys: String
    @Nullable package var env: [String]?
    @Present package var workingDir: String
    @Nullable package var cmd: WordList?

    package init() {}
}

/// The body of `POST /exec/{id}/start`.
package struct ExecStartConfig: Codable, Equatable, Sendable {
    @Present package var detach: Bool
    @Present package var tty: Bool
    /// Rows, columns.
    package var consoleSize: [Int]?

    package init() {}
}

/// `GET /exec/{id}/json`.
package struct ExecInspection: Codable, Equatable, Sendable {
    @Present package var iD: String
    @Present package var running: Bool
    /// Null until it has ended.
    @Nullable package var exitCode: Int?
    @Present package var processConfig: ExecProcess
    @Present package var openStdin: Bool
    @Present package var openStderr: Bool
    @Present package var openStdout: Bool
    @Present package var canRemove: Bool
    @Present package var containerID: String
    @Present package var detachKeys: String
    @Present package var pid: Int

    package init() {}
}

/// An exec's program, as inspect shows it.
package struct ExecProcess: Codable, Equatable, Sendable, Zeroed {
    package var tty = false
    package var entrypoint = ""
    package var arguments: [String] = []
    package var privileged = false
    package var user = ""

    package init() {}
    package static var zero: ExecProcess { ExecProcess() }

    /// As a dictionary, whose keys no coder changes: these are lower case in Docker's answer.
    package func encode(to encoder: any Encoder) throws {
        let fields: [String: PlainValue] = [
            "tty": .bool(tty), "entrypoint": .string(entrypoint), "arguments": .strings(arguments),
            "privileged": .bool(privileged), "user": .string(user),
        ]
        var container = encoder.singleValueContainer()
        try container.encode(fields)
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.singleValueContainer().decode([String: PlainValue].self)
        if case .bool(let value)? = fields["tty"] { tty = value }
        if case .string(let value)? = fields["entrypoint"] { entrypoint = value }
        if case .strings(let value)? = fields["arguments"] { arguments = value }
        if case .bool(let value)? = fields["privileged"] { privileged = value }
        if case .string(let value)? = fields["user"] { user = value }
    }
}
