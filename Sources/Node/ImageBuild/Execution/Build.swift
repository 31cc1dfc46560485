internal import Archives
internal import Engine
internal import ImageSpec
internal import Snapshots

/// One build: what it is made of, and the order of its stages.
package struct Build: Sendable {
    let builder: ImageBuilder
    let context: BuildContext
    let options: BuildOptions
    let dockerfile: Dockerfile
    let plan: StagePlan
    /// What ARG has before the first FROM, and the platforms.
    let arguments: [String: String]
    let hold: ImageHold
    let tags: [ImageReference]
    /// No file and no image claims to be younger (`SOURCE_DATE_EPOCH`).
    let epoch: FileTime?
    /// How many instructions the needed stages have.
    let stepCount: Int
    /// Whose steps count as cached; nil takes those of all builds.
    let cacheSources: [Image]?

    var store: ImageStore { builder.engine.imageStore }

    init(builder: ImageBuilder, context: BuildContext, options: BuildOptions, dockerfile: Dockerfile)
        throws(BuildError)
    {
        self.builder = builder
        self.context = context
        self.options = options
        self.dockerfile = dockerfile
        let arguments = try Self.globals(dockerfile, options)
        self.arguments = arguments
        var images: [String] = []
        for stage in dockerfile.stages {
            let expander = Expander(escape: dockerfile.escape) { arguments[$0] }
            do throws(DockerfileError) {
                let image = try expander.word(stage.from.image)
                guard !image.isEmpty else {
                    throw DockerfileError(
                        line: 0, "base name (\(stage.from.image)) should not be blank: give the ARG a value before FROM"
                    )
                }
                images.append(image)
            } catch {
                throw .dockerfile(DockerfileError(line: stage.line, error.reason))
            }
        }
        let plan = try reading { () throws(DockerfileError) in
            try StagePlan(dockerfile, images: images, target: options.target)
        }
        self.plan = plan
        stepCount = plan.needed.reduce(0) { $0 + dockerfile.stages[$1].steps.count + 1 }
        var tags: [ImageReference] = []
        for tag in options.tags {
            do throws(ImageSpecError) { tags.append(try ImageReference(parsing: tag)) } catch {
                throw .invalid("\(error)")
            }
        }
        self.tags = tags
        epoch = try Self.epoch(options.arguments["SOURCE_DATE_EPOCH"])
        hold = builder.engine.imageStore.hold()
        let sources = options.cacheSources.compactMap { try? builder.engine.storedImage($0) }
        for source in sources { hold.keep(source) }
        cacheSources = options.cacheSources.isEmpty ? nil : sources
    }

    private static func epoch(_ text: String?) throws(BuildError) -> FileTime? {
        guard let text, !text.isEmpty else { return nil }
        guard let seconds = Int64(text), seconds >= 0 else {
            throw .invalid("SOURCE_DATE_EPOCH: \"\(text)\" is not a number of seconds since 1970")
        }
        return FileTime(seconds: seconds)
    }

    private static func globals(_ dockerfile: Dockerfile, _ options: BuildOptions) throws(BuildError) -> [String:
        String]
    {
        var values: [String: String] = [:]
        let host = Platform.host
        var target = host
        if let wanted = options.platform, !wanted.isEmpty {
            do throws(ImageSpecError) { target = try Platform(parsing: wanted) } catch { throw .invalid("\(error)") }
        }
        for (prefix, platform) in [("BUILD", host), ("TARGET", target)] {
            values[prefix + "OS"] = platform.os
            values[prefix + "ARCH"] = platform.architecture
            values[prefix + "VARIANT"] = platform.variant ?? ""
            values[prefix + "PLATFORM"] =
                "\(platform.os)/\(platform.architecture)" + (platform.variant.map { "/" + $0 } ?? "")
        }
        for argument in dockerfile.arguments {
            let known = values
            let expander = Expander(escape: dockerfile.escape) { known[$0] }
            let value = try reading { () throws(DockerfileError) in
                try argument.value.map { (text) throws(DockerfileError) in try expander.word(text) }
            }
            values[argument.name] = options.arguments[argument.name] ?? value ?? values[argument.name]
        }
        return values
    }

    // MARK: running

    /// Builds the needed stages, those at once that do not wait for each other, and names the image.
    package func run(_ output: BuildOutput) async throws(BuildError) {
        let results = try await stages(output)
        guard let result = results[plan.target] else {
            preconditionFailure("a build that did not fail has built its target")
        }
        let image = try await storing { () async throws(ImageError) in
            try await store.make(result.draft, names: tags, holding: hold)
        }
        let unused = options.arguments.keys.filter { !isKnown($0) }.sorted()
        if !unused.isEmpty {
            try await output.say(
                "[Warning] One or more build-args [\(unused.joined(separator: " "))] were not consumed\n")
        }
        let engine = builder.engine
        engine.announceImage("build", image.id, name: tags.first?.familiar)
        for tag in tags { engine.announceImage("tag", image.id, name: tag.familiar) }
        try await output.made(image.id.description, tags: tags.map(\.familiar))
    }

    private func isKnown(_ argument: String) -> Bool {
        if BuildScope.proxies.contains(argument) || argument == "SOURCE_DATE_EPOCH" { return true }
        if argument.hasPrefix("BUILDKIT_") || arguments[argument] != nil { return true }
        return dockerfile.stages.flatMap(\.steps).contains { step in
            guard case .arg(let declared) = step.instruction else { return false }
            return declared.contains { $0.name == argument }
        }
    }

    private func stages(_ output: BuildOutput) async throws(BuildError) -> [Int: StageResult] {
        let outcome = await withTaskGroup(of: (Int, Result<StageResult, BuildError>).self) { group in
            var done: [Int: StageResult] = [:]
            var waiting = plan.needed
            var failure: BuildError?
            while true {
                if failure == nil {
                    for index in waiting where plan.dependencies[index].allSatisfy({ done[$0] != nil }) {
                        waiting.removeAll { $0 == index }
                        let before = done
                        group.addTask { (index, await stage(index, before, output)) }
                    }
                }
                guard let (index, result) = await group.next() else { break }
                switch result {
                case .success(let stage): done[index] = stage
                case .failure(let error):
                    // What the others say afterwards is only that they were stopped.
                    if failure == nil || failure == .cancelled { failure = error }
                    group.cancelAll()
                }
            }
            return failure.map { .failure($0) } ?? Result<[Int: StageResult], BuildError>.success(done)
        }
        return try outcome.get()
    }

    private func stage(_ index: Int, _ done: [Int: StageResult], _ output: BuildOutput) async
        -> Result<StageResult, BuildError>
    {
        do throws(BuildError) {
            var run = StageRun(build: self, index: index, done: done, output: output)
            return .success(try await run.run())
        } catch {
            return .failure(error)
        }
    }

    /// The number of a stage's first instruction, counted over all needed stages.
    func firstStep(of index: Int) -> Int {
        plan.needed.filter { $0 < index }.reduce(1) { $0 + dockerfile.stages[$1].steps.count + 1 }
    }
}

/// A stage that is built.
struct StageResult: Sendable {
    var draft: ImageDraft
}
