internal import ImageSpec

/// A command in one of the two forms that RUN, CMD, ENTRYPOINT and HEALTHCHECK take.
package enum CommandForm: Equatable, Sendable {
    /// A JSON array: the program and its arguments.
    case exec([String])
    /// Text for the shell.
    case shell(String)

    /// What is run, with `shell` in front of text.
    package func words(shell: [String]) -> [String] {
        switch self {
        case .exec(let words): words
        case .shell(let text): shell + [text]
        }
    }
}

/// One instruction with its parts; variables are not replaced yet.
package enum Instruction: Equatable, Sendable {
    case from(FromInstruction)
    case run(RunInstruction)
    case copy(CopyInstruction)
    case env([Pair])
    case label([Pair])
    case arg([ArgDeclaration])
    case workdir(String)
    case user(String)
    case expose(String)
    case volume([String])
    case entrypoint(CommandForm)
    case cmd(CommandForm)
    case shell([String])
    case stopSignal(String)
    case healthcheck(HealthcheckInstruction)
    case onBuild(String)
    case maintainer(String)

    package struct Pair: Equatable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
}

package struct ArgDeclaration: Equatable, Sendable {
    package var name: String
    /// What it is unless the build is told otherwise.
    package var value: String?

    package init(_ name: String, _ value: String? = nil) {
        self.name = name
        self.value = value
    }
}

package struct FromInstruction: Equatable, Sendable {
    package var image: String
    /// In small letters.
    package var name: String?
    package var platform: String?

    package init(image: String, name: String? = nil, platform: String? = nil) {
        self.image = image
        self.name = name
        self.platform = platform
    }
}

package struct RunInstruction: Equatable, Sendable {
    package var command: CommandForm
    package var heredocs: [Heredoc] = []
    package var mounts: [RunMount] = []
    /// `default`, `none` or `host`.
    package var network: String?

    package init(_ command: CommandForm) { self.command = command }
}

/// COPY, or ADD.
package struct CopyInstruction: Equatable, Sendable {
    /// ADD: archives are unpacked, URLs fetched.
    package var isAdd = false
    package var sources: [String]
    package var destination: String
    /// A stage, by name or number, or an image; nil is the build context.
    package var from: String?
    package var owner: String?
    package var mode: String?
    /// What ADD fetches must have it: a digest of a file, or the beginning of a commit's number.
    package var checksum: String?
    /// Whether archives are unpacked; nil does so with those of the context, and not with what is fetched.
    package var unpacks: Bool?
    /// What is fetched from git comes with its history.
    package var keepsGit = false
    package var isLink = false
    package var keepsParents = false
    /// Patterns of what stays out.
    package var excludes: [String] = []
    /// Sources that stand in the Dockerfile itself.
    package var heredocs: [Heredoc] = []

    package init(sources: [String], destination: String) {
        self.sources = sources
        self.destination = destination
    }
}

/// HEALTHCHECK; a nil command is `NONE`.
package struct HealthcheckInstruction: Equatable, Sendable {
    package var command: CommandForm?
    /// Nanoseconds.
    package var interval: Int64?
    package var timeout: Int64?
    package var startPeriod: Int64?
    package var startInterval: Int64?
    package var retries: Int?

    package init(command: CommandForm?) { self.command = command }
}

/// One `--mount` of a RUN.
package struct RunMount: Equatable, Sendable {
    package enum Kind: String, Equatable, Sendable {
        case bind, cache, tmpfs, secret
    }

    /// Who may use a cache at the same time.
    package enum Sharing: String, Equatable, Sendable {
        case shared, `private`, locked
    }

    package var kind: Kind
    package var target = ""
    package var source = ""
    /// A stage or an image; nil is the build context, or an empty cache.
    package var from: String?
    package var isReadOnly: Bool
    /// Which secret, or which cache: the target's when it is empty.
    package var id = ""
    /// A secret is a variable of that name too, and a file only where a target is named.
    package var variable = ""
    /// Without the secret the step fails.
    package var isRequired = false
    package var sharing = Sharing.shared
    package var mode: UInt32 = 0o755
    package var owner: UInt32 = 0
    package var group: UInt32 = 0
    /// Bytes, of a tmpfs; 0 is without limit.
    package var size: Int64 = 0

    package init(_ kind: Kind) {
        self.kind = kind
        isReadOnly = kind == .bind || kind == .secret
        if kind == .secret { mode = 0o400 }
    }
}
