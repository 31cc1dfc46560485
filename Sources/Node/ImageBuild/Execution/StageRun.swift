internal import Archives
internal import Engine
internal import ImageSpec
internal import Snapshots

/// One stage while it is built, instruction by instruction.
struct StageRun: Sendable {
    let build: Build
    let index: Int
    /// The stages before it that it uses.
    let done: [Int: StageResult]
    let output: BuildOutput
    var draft = ImageDraft(config: ImageConfig(rootfs: ImageConfig.RootFS(diffIDs: [])))
    var scope: BuildScope
    /// A CMD of this stage stays when an ENTRYPOINT follows.
    private var hasOwnCommand = false

    init(build: Build, index: Int, done: [Int: StageResult], output: BuildOutput) {
        self.build = build
        self.index = index
        self.done = done
        self.output = output
        scope = BuildScope(given: build.options.arguments, global: build.arguments)
    }

    var engine: Engine { build.builder.engine }
    var execution: ImageConfig.Execution { draft.config.config ?? ImageConfig.Execution() }
    var environment: [String] { execution.env ?? [] }
    var shell: [String] { execution.shell ?? ["/bin/sh", "-c"] }
    private var stage: Dockerfile.Stage { build.dockerfile.stages[index] }
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    var expander: Expander {
        let (scope, environment) = (scope, environment)
        return Expander(escape: build.dockerfile.escape) { name in
            scope.value(name, environment: environment) ?? (name == "PATH" ? Self.defaultPath : nil)
        }
    }

    // MARK: the run

    mutating func run() async throws(BuildError) -> StageResult {
        var number = build.firstStep(of: index)
        try await announce(number, stage.text)
        try await attributed(to: stage.line) { (run) async throws(BuildError) in try await run.begin() }
        try await runTriggers()
        for step in stage.steps {
            number += 1
            try await announce(number, step.text)
            try await perform(step.instruction, text: step.text, line: step.line)
        }
        if index == build.plan.target, !build.options.labels.isEmpty { addLabels() }
        return StageResult(draft: draft)
    }

    private func announce(_ number: Int, _ text: String) async throws(BuildError) {
        try await output.say("Step \(number)/\(build.stepCount) : \(text)\n")
    }

    private mutating func attributed(
        to line: Int, _ body: (inout StageRun) async throws(BuildError) -> Void
    ) async throws(BuildError) {
        if Task.isCancelled { throw .cancelled }
        do throws(BuildError) { try await body(&self) } catch { throw error.at(line) }
    }

    private mutating func perform(_ instruction: Instruction, text: String, line: Int) async throws(BuildError) {
        try await attributed(to: line) { (run) async throws(BuildError) in
            switch instruction {
            case .run(let command): try await run.runCommand(command, text: text, line: line)
            case .copy(let copy): try await run.copyFiles(copy, text: text)
            case .workdir(let path): try await run.enter(path, text: text)
            default: try run.configure(instruction, text: text)
            }
        }
    }

    /// The steps that the base image has for those who build on it.
    private mutating func runTriggers() async throws(BuildError) {
        let triggers = execution.onBuild ?? []
        draft.config.config?.onBuild = nil
        if !triggers.isEmpty {
            try await output.say("# Executing \(triggers.count) build trigger\(triggers.count == 1 ? "" : "s")\n")
        }
        for trigger in triggers {
            let instruction = try reading { () throws(DockerfileError) in
                let written = try DockerfileReader.one(trigger)
                return try InstructionParser(written, escape: "\\").parse()
            }
            try await perform(instruction, text: trigger, line: stage.line)
        }
    }

    private mutating func addLabels() {
        var labels = execution.labels ?? [:]
        for (name, value) in build.options.labels { labels[name] = value }
        change { $0.labels = labels }
        let text = build.options.labels.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
        addHistory("LABEL " + text, isEmpty: true)
    }

    // MARK: FROM

    private mutating func begin() async throws(BuildError) {
        switch build.plan.bases[index] {
        case .scratch:
            let platform = Platform.host
            draft.config.architecture = platform.architecture
            draft.config.os = platform.os
            draft.config.variant = platform.variant
        case .stage(let other):
            guard let result = done[other] else { preconditionFailure("a stage starts after those it uses") }
            draft = result.draft
        case .image(let name):
            let image = try await baseImage(name)
            draft = ImageDraft(from: image)
            try await output.say(" ---> \(image.id.short)\n")
        }
        scope = BuildScope(given: build.options.arguments, global: build.arguments)
    }

    /// The image called so, which is held for this build.
    func baseImage(_ name: String) async throws(BuildError) -> Image {
        let text = try platformText()
        let image = try await foundImage(name, platform: text)
        build.hold.keep(image)
        guard let text else { return image }
        let wanted: Platform
        do throws(ImageSpecError) { wanted = try Platform(parsing: text) } catch { throw .invalid("\(error)") }
        let found = image.platform.normalized
        guard wanted.os == found.os, wanted.architecture == found.architecture else {
            throw .invalid("image \(name) is for \(found.os)/\(found.architecture), and \(text) was asked for")
        }
        return image
    }

    /// This machine's, or a registry's when it has none of that name, or newer ones are wanted.
    private func foundImage(_ name: String, platform: String?) async throws(BuildError) -> Image {
        if !build.options.pulls {
            do throws(EngineError) { return try engine.storedImage(name) } catch {
                guard case .notFound = error else { throw .engine(error) }
            }
        }
        try await output.say("Pulling \(name)\n")
        do throws(EngineError) {
            let named = try? ImageReference(parsing: name, defaultTag: nil)
            let tag = named?.tag == nil && named?.digest == nil ? ImageReference.defaultTag : nil
            let pull = try await engine.findImages(name, tag: tag, platform: platform, authorization: nil)
            try await pull.run { _ in }
            return try engine.storedImage(name)
        } catch {
            throw .invalid("no such image: \(name): \(error.message); load it first, or name an earlier stage")
        }
    }

    private func platformText() throws(BuildError) -> String? {
        guard let text = stage.from.platform else { return build.options.platform.flatMap { $0.isEmpty ? nil : $0 } }
        let arguments = build.arguments
        return try reading { () throws(DockerfileError) in
            try Expander(escape: build.dockerfile.escape) { arguments[$0] }.word(text)
        }
    }

    // MARK: steps without files

    mutating func change(_ body: (inout ImageConfig.Execution) -> Void) {
        var execution = execution
        body(&execution)
        draft.config.config = execution
    }

    /// `key` is that of a step that writes.
    mutating func addHistory(_ text: String, isEmpty: Bool, created: String? = nil, key: Digest? = nil) {
        let time = build.epoch?.rfc3339 ?? created ?? draft.config.created
        var history = draft.config.history ?? []
        history.append(
            ImageConfig.History(
                created: time, createdBy: text, comment: key.map { CachedStep.mark($0) },
                emptyLayer: isEmpty ? true : nil)
        )
        draft.config.history = history
        if let time { draft.config.created = time }
    }

    private mutating func configure(_ instruction: Instruction, text: String) throws(BuildError) {
        do throws(DockerfileError) { try apply(instruction) } catch { throw .dockerfile(error) }
        if case .maintainer(let name) = instruction { draft.config.author = name }
        addHistory(text, isEmpty: true)
    }

    private mutating func apply(_ instruction: Instruction) throws(DockerfileError) {
        let expander = expander
        var config = execution
        switch instruction {
        case .env(let pairs):
            for pair in pairs {
                ConfigEdit.setVariable(try expander.word(pair.name), try expander.word(pair.value), in: &config.env)
            }
        case .label(let pairs):
            var labels = config.labels ?? [:]
            for pair in pairs { labels[try expander.word(pair.name)] = try expander.word(pair.value) }
            config.labels = labels
        case .arg(let declarations):
            for declaration in declarations {
                // Each may use those before it.
                let value = try declaration.value.map { (text) throws(DockerfileError) in try self.expander.word(text) }
                scope.declare(declaration.name, value)
            }
        case .user(let name): config.user = try expander.word(name)
        case .expose(let text): try ConfigEdit.expose(try expander.words(text), in: &config)
        case .volume(let paths):
            var expanded: [String] = []
            for path in paths { expanded.append(try expander.word(path)) }
            ConfigEdit.addVolumes(expanded, in: &config)
        case .entrypoint(let form):
            config.entrypoint = form.words(shell: shell)
            if !hasOwnCommand { config.cmd = nil }
        case .cmd(let form):
            config.cmd = form.words(shell: shell)
            hasOwnCommand = true
        case .shell(let words): config.shell = words
        case .stopSignal(let name): config.stopSignal = try expander.word(name)
        case .healthcheck(let check): config.healthcheck = ConfigEdit.healthcheck(check)
        case .onBuild(let trigger): config.onBuild = (config.onBuild ?? []) + [trigger]
        case .from, .run, .copy, .workdir, .maintainer: break
        }
        draft.config.config = config
    }
}
