internal import JSON
internal import Units

/// Tells the parts of an instruction apart; pure.
///
/// Source: Dockerfile reference 1.x.
struct InstructionParser {
    let written: WrittenInstruction
    let escape: Character

    init(_ written: WrittenInstruction, escape: Character) {
        self.written = written
        self.escape = escape
    }

    private var rest: String { written.rest }
    private var keyword: String { written.keyword }

    /// - Throws: ``DockerfileError`` with the instruction's line.
    func parse() throws(DockerfileError) -> Instruction {
        do throws(DockerfileError) {
            return try parsed()
        } catch {
            throw DockerfileError(line: written.line, error.reason)
        }
    }

    private func parsed() throws(DockerfileError) -> Instruction {
        var flags = InstructionFlags(keyword, written.flags)
        let instruction = try parsed(&flags)
        try flags.finish()
        return instruction
    }

    private func parsed(_ flags: inout InstructionFlags) throws(DockerfileError) -> Instruction {
        switch keyword {
        case "FROM": return .from(try from(&flags))
        case "RUN": return .run(try run(&flags))
        case "COPY", "ADD": return .copy(try copy(&flags))
        case "ENV": return .env(try pairs())
        case "LABEL": return .label(try pairs())
        case "ARG": return .arg(try declarations())
        case "WORKDIR": return .workdir(try oneArgument())
        case "USER": return .user(try oneArgument())
        case "STOPSIGNAL": return .stopSignal(try oneArgument())
        case "MAINTAINER": return .maintainer(try oneArgument())
        case "EXPOSE": return .expose(try someArgument())
        case "VOLUME": return .volume(try volumes())
        case "ENTRYPOINT": return .entrypoint(command(rest))
        case "CMD": return .cmd(command(rest))
        case "SHELL": return .shell(try shell())
        case "HEALTHCHECK": return .healthcheck(try healthcheck(&flags))
        case "ONBUILD": return .onBuild(try trigger())
        default: throw DockerfileError(line: 0, "unknown instruction: \(keyword)\(Self.hint(for: keyword))")
        }
    }

    private static func hint(for word: String) -> String {
        let known = [
            "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
            "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
        ]
        let near = known.first { candidate in
            candidate.hasPrefix(word) || word.hasPrefix(candidate)
                || (candidate.count == word.count && zip(candidate, word).count { $0 != $1 } == 1)
                || candidate.sorted() == word.sorted()
        }
        return near.map { " (did you mean \($0)?)" } ?? ""
    }

    // MARK: arguments

    private func someArgument() throws(DockerfileError) -> String {
        guard !rest.isEmpty else { throw DockerfileError(line: 0, "\(keyword) requires at least one argument") }
        return rest
    }

    private func oneArgument() throws(DockerfileError) -> String {
        guard !rest.isEmpty else { throw DockerfileError(line: 0, "\(keyword) requires exactly one argument") }
        return rest
    }

    /// A JSON array of strings, if it is one.
    static func list(_ text: some StringProtocol) -> [String]? {
        guard text.hasPrefix("["), let items = (try? JSONValue(parsing: Array(text.utf8)))?.arrayValue else {
            return nil
        }
        let strings = items.compactMap(\.stringValue)
        return strings.count == items.count ? strings : nil
    }

    private func command(_ text: String) -> CommandForm {
        Self.list(text).map { .exec($0) } ?? .shell(text)
    }

    /// `name=value …`, or the old `name value`.
    private func pairs() throws(DockerfileError) -> [Instruction.Pair] {
        let words = WordSplitter(escape: escape).words(try someArgument())
        guard let first = words.first, first.contains("=") else {
            let name = rest.prefix { !$0.isWhitespace }
            let value = rest[name.endIndex...].trimmed
            guard !value.isEmpty else { throw DockerfileError(line: 0, "\(keyword) must have two arguments") }
            return [Instruction.Pair(String(name), String(value))]
        }
        return try words.map { (word) throws(DockerfileError) in
            guard let equals = word.firstIndex(of: "=") else {
                throw DockerfileError(
                    line: 0,
                    "can't find = in \"\(word)\": must be of the form name=value, with quotes around blanks")
            }
            guard equals > word.startIndex else { throw DockerfileError(line: 0, "\(keyword) names can not be blank") }
            return Instruction.Pair(String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
    }

    private func declarations() throws(DockerfileError) -> [ArgDeclaration] {
        let words = WordSplitter(escape: escape).words(try someArgument())
        return try words.map { (word) throws(DockerfileError) in
            guard let equals = word.firstIndex(of: "=") else { return ArgDeclaration(word) }
            guard equals > word.startIndex else { throw DockerfileError(line: 0, "ARG names can not be blank") }
            return ArgDeclaration(String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
    }

    private func volumes() throws(DockerfileError) -> [String] {
        let paths = Self.list(rest) ?? rest.split(whereSeparator: \.isWhitespace).map(String.init)
        guard !paths.isEmpty else { throw DockerfileError(line: 0, "VOLUME requires at least one argument") }
        guard paths.allSatisfy({ !$0.trimmed.isEmpty }) else {
            throw DockerfileError(line: 0, "VOLUME specified can not be an empty string")
        }
        return paths
    }

    private func shell() throws(DockerfileError) -> [String] {
        guard let words = Self.list(rest), !words.isEmpty else {
            throw DockerfileError(
                line: 0, "SHELL requires the arguments to be in JSON form, such as [\"/bin/sh\", \"-c\"]")
        }
        return words
    }

    private func trigger() throws(DockerfileError) -> String {
        let inner = try DockerfileReader.one(try someArgument(), escape: escape)
        switch inner.keyword {
        case "ONBUILD": throw DockerfileError(line: 0, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
        case "FROM", "MAINTAINER":
            throw DockerfileError(line: 0, "\(inner.keyword) isn't allowed as an ONBUILD trigger")
        default: break
        }
        guard written.heredocs.isEmpty else {
            throw DockerfileError(line: 0, "ONBUILD with a here-document is not supported: put the text into a file")
        }
        _ = try InstructionParser(inner, escape: escape).parse()
        return rest
    }

    // MARK: larger ones

    private func from(_ flags: inout InstructionFlags) throws(DockerfileError) -> FromInstruction {
        let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
        var from = FromInstruction(image: words.first ?? "", platform: try flags.text("platform"))
        switch words.count {
        case 1: return from
        case 3 where words[1].lowercased() == "as":
            let name = words[2].lowercased()
            let isName =
                name.first.map { $0.isASCII && $0.isLetter } == true
                && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
            guard isName else {
                throw DockerfileError(
                    line: 0,
                    "invalid name for build stage: \"\(words[2])\", name can't start with a number or contain symbols")
            }
            from.name = name
            return from
        default: throw DockerfileError(line: 0, "FROM requires either one or three arguments")
        }
    }

    private func run(_ flags: inout InstructionFlags) throws(DockerfileError) -> RunInstruction {
        let form = command(try someArgument())
        if case .exec(let words) = form, words.isEmpty { throw DockerfileError(line: 0, "RUN requires a command") }
        var run = RunInstruction(form)
        run.heredocs = written.heredocs
        if case .exec = form, !run.heredocs.isEmpty {
            throw DockerfileError(line: 0, "RUN with a here-document takes the shell form")
        }
        for text in flags.all("mount") { run.mounts.append(try RunMount(parsing: text)) }
        run.network = try flags.text("network")
        if let network = run.network, !["default", "none", "host"].contains(network) {
            throw DockerfileError(line: 0, "invalid network \"\(network)\": there are default, none and host")
        }
        if let security = try flags.text("security"), security != "sandbox" {
            throw DockerfileError(
                line: 0, "RUN --security=\(security) is not supported: build steps are never privileged")
        }
        return run
    }

    private func copy(_ flags: inout InstructionFlags) throws(DockerfileError) -> CopyInstruction {
        let words =
            Self.list(rest) ?? WordSplitter(escape: escape).words(rest)
        guard words.count >= 2, let destination = words.last else {
            throw DockerfileError(
                line: 0, "\(keyword) requires at least two arguments, but only \(words.count) provided")
        }
        var copy = CopyInstruction(sources: [], destination: destination)
        copy.isAdd = keyword == "ADD"
        copy.heredocs = written.heredocs
        copy.sources = words.dropLast().filter { Heredoc(word: $0) == nil }
        guard Heredoc(word: destination) == nil else {
            throw DockerfileError(line: 0, "\(keyword): a here-document cannot be the destination")
        }
        copy.owner = try flags.text("chown")
        copy.mode = try flags.text("chmod")
        copy.isLink = try flags.switch("link")
        copy.excludes = flags.all("exclude")
        if copy.isAdd {
            copy.checksum = try flags.text("checksum")
            if flags.has("unpack") { copy.unpacks = try flags.switch("unpack") }
            copy.keepsGit = try flags.switch("keep-git-dir")
        } else {
            copy.from = try flags.text("from")
            copy.keepsParents = try flags.switch("parents")
        }
        return copy
    }

    private func healthcheck(_ flags: inout InstructionFlags) throws(DockerfileError) -> HealthcheckInstruction {
        let word = try someArgument().prefix { !$0.isWhitespace }
        let after = String(rest[word.endIndex...].trimmed)
        switch word.uppercased() {
        case "NONE":
            guard after.isEmpty else { throw DockerfileError(line: 0, "HEALTHCHECK NONE takes no arguments") }
            return HealthcheckInstruction(command: nil)
        case "CMD":
            guard !after.isEmpty else { throw DockerfileError(line: 0, "Missing command after HEALTHCHECK CMD") }
            var check = HealthcheckInstruction(command: command(after))
            check.interval = try flags.duration("interval")
            check.timeout = try flags.duration("timeout")
            check.startPeriod = try flags.duration("start-period")
            check.startInterval = try flags.duration("start-interval")
            if let text = try flags.text("retries") {
                guard let retries = Int(text), retries >= 0 else {
                    throw DockerfileError(line: 0, "--retries must be 0 or more, not \"\(text)\"")
                }
                check.retries = retries
            }
            return check
        default:
            throw DockerfileError(
                line: 0, "Unknown type \"\(word.uppercased())\" in HEALTHCHECK (try CMD)")
        }
    }
}
