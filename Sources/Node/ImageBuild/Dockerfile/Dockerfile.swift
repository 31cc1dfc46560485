/// A Dockerfile with its stages; pure.
package struct Dockerfile: Equatable, Sendable {
    /// One instruction of a stage.
    package struct Step: Equatable, Sendable {
        package var instruction: Instruction
        package var line: Int
        /// As it is written, on one line.
        package var text: String
    }

    package struct Stage: Equatable, Sendable {
        package var from: FromInstruction
        package var line: Int
        package var text: String
        package var steps: [Step] = []
    }

    /// Declared before the first FROM: for FROM lines, and for stages that declare them again.
    package var arguments: [ArgDeclaration] = []
    package var stages: [Stage] = []
    package var escape: Character = "\\"

    /// - Throws: the first thing that is wrong, with its line.
    package init(parsing source: String) throws(DockerfileError) {
        let reader = try DockerfileReader(source)
        escape = reader.escape
        for written in reader.instructions {
            let instruction = try InstructionParser(written, escape: escape).parse()
            try add(instruction, written)
        }
        guard !stages.isEmpty else {
            throw DockerfileError(
                line: 0, reader.instructions.isEmpty ? "file with no instructions" : "no build stage: FROM is missing")
        }
    }

    private mutating func add(_ instruction: Instruction, _ written: WrittenInstruction) throws(DockerfileError) {
        if case .from(let from) = instruction {
            if let name = from.name, stages.contains(where: { $0.from.name == name }) {
                throw DockerfileError(line: written.line, "duplicate name \(name): another stage is called so")
            }
            stages.append(Stage(from: from, line: written.line, text: written.text))
            return
        }
        if !stages.isEmpty {
            stages[stages.count - 1].steps.append(
                Step(instruction: instruction, line: written.line, text: written.text))
            return
        }
        guard case .arg(let declared) = instruction else {
            throw DockerfileError(
                line: written.line, "no build stage in current context: only ARG may stand before FROM")
        }
        arguments += declared
    }
}
