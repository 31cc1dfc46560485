extension RuntimeCommand {
    /// Does `events`.
    func events() throws(RuntimeError) {
        throw .unsupported("events")
    }
}
