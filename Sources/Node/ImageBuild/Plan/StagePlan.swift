/// Where files or a base come from: a stage of the same Dockerfile or an image.
package enum StageSource: Equatable, Sendable {
    case stage(Int)
    case image(String)
    /// Nothing at all.
    case scratch
}

/// Which stages a build needs and what each waits for; pure.
package struct StagePlan: Equatable, Sendable {
    /// What each stage of the Dockerfile begins with.
    package private(set) var bases: [StageSource] = []
    /// The stage whose image is wanted.
    package let target: Int
    /// The stages to build, in the order of the Dockerfile.
    package private(set) var needed: [Int] = []
    /// The stages that one waits for.
    package private(set) var dependencies: [Set<Int>] = []

    private let dockerfile: Dockerfile

    /// `images` are the FROM lines' names with their variables replaced.
    ///
    /// - Throws: for a target that is none, or a stage that is used before it stands.
    package init(_ dockerfile: Dockerfile, images: [String], target wanted: String?) throws(DockerfileError) {
        self.dockerfile = dockerfile
        let last = dockerfile.stages.count - 1
        if let wanted, !wanted.isEmpty {
            guard let found = Self.stage(wanted, before: dockerfile.stages.count, in: dockerfile) else {
                let names = dockerfile.stages.compactMap(\.from.name)
                throw DockerfileError(
                    line: 0,
                    "target stage \"\(wanted)\" could not be found"
                        + (names.isEmpty ? ": no stage has a name" : ": there are \(names.joined(separator: ", "))"))
            }
            target = found
        } else {
            target = last
        }
        for (index, image) in images.enumerated() {
            bases.append(Self.source(image, before: index, in: dockerfile))
        }
        for index in dockerfile.stages.indices { dependencies.append(try stagesUsed(by: index)) }
        var reached: Set<Int> = []
        var waiting = [target]
        while let next = waiting.popLast() {
            if reached.insert(next).inserted { waiting += dependencies[next] }
        }
        needed = reached.sorted()
    }

    /// What a name in FROM or `--from` means in the stage `index`.
    package func source(_ name: String, before index: Int) -> StageSource {
        Self.source(name, before: index, in: dockerfile)
    }

    private static func source(_ name: String, before index: Int, in dockerfile: Dockerfile) -> StageSource {
        if name == "scratch" { return .scratch }
        return stage(name, before: index, in: dockerfile).map { .stage($0) } ?? .image(name)
    }

    /// The stage that is called so, or that has this number.
    private static func stage(_ name: String, before index: Int, in dockerfile: Dockerfile) -> Int? {
        let named = dockerfile.stages[..<index].lastIndex { $0.from.name == name.lowercased() }
        if let named { return named }
        guard let number = Int(name), (0..<index).contains(number) else { return nil }
        return number
    }

    private func stagesUsed(by index: Int) throws(DockerfileError) -> Set<Int> {
        var used: Set<Int> = []
        if case .stage(let base) = bases[index] { used.insert(base) }
        for step in dockerfile.stages[index].steps {
            for name in Self.names(in: step.instruction) {
                if case .stage(let other) = source(name, before: index) {
                    used.insert(other)
                } else if Int(name) != nil || dockerfile.stages[index...].contains(where: { $0.from.name == name }) {
                    throw DockerfileError(
                        line: step.line, "stage \(name) does not come before this one: stages are used after they stand"
                    )
                }
            }
        }
        return used
    }

    private static func names(in instruction: Instruction) -> [String] {
        switch instruction {
        case .copy(let copy): copy.from.map { [$0] } ?? []
        case .run(let run): run.mounts.compactMap(\.from)
        default: []
        }
    }
}
