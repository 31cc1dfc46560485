extension RuntimeCommand {
    /// `events`
    func events() throws(RuntimeError) {
        throw .unsupported("events")
    }
}
