/// What `pouch simulate` does: becomes `pouch-simulate`, which reads YAML.
struct Simulate: Verb {
    static let usage = Usage(
        name: "simulate", synopsis: "[OPTIONS] FILE...",
        summary: "Place pods or replay a trace without touching a pool",
        operands: Usage.atLeast(0), stopsAtOperand: true, completes: .files)

    /// Takes over before flags are read, as they are the other program's.
    static let program = SiblingProgram(name: "pouch-simulate", verb: "simulate")

    func run(_ session: Session) throws(Failure) {
        throw .message(Self.program.become([], variable))
    }
}
