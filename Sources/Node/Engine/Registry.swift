/// Which container is meant: maps ids, unique prefixes of ids and names. Waits for nothing but a name that is about to be free.
actor Registry {
    private var byID: [String: Container] = [:]
    /// Names, also those of containers that are only being created.
    private var idByName: [String: String] = [:]
    /// Containers that nobody finds any more while the last of them goes, and what tells that it has.
    private var leaving: [String: Announcement<Void>] = [:]

    /// Takes a name, or finds a free one when `wanted` is nil, for a container that is about to be.
    ///
    /// That of a container which is leaving is waited for.
    ///
    /// - Throws: ``EngineError/conflict(_:)`` when another has it.
    func reserve(_ wanted: String?, for id: String) async throws(EngineError) -> String {
        if let wanted {
            while let holder = idByName[wanted] {
                guard let gone = leaving[holder], await gone.value() != nil else {
                    throw Self.taken(wanted, by: holder)
                }
            }
            idByName[wanted] = id
            return wanted
        }
        var generator = SystemRandomNumberGenerator()
        for attempt in 0... {
            let name = ContainerName.random(using: &generator, attempt: attempt)
            if idByName[name] == nil {
                idByName[name] = id
                return name
            }
        }
        preconditionFailure("a free name exists: the number after it grows without end")
    }

    static func taken(_ name: String, by holder: String) -> EngineError {
        .conflict(
            "Conflict. The container name \"/\(name)\" is already in use by container \"\(holder)\". You have to remove "
                + "(or rename) that container to be able to reuse that name.")
    }

    /// Gives a name back that `id` holds.
    func release(_ name: String, of id: String) {
        if idByName[name] == id { idByName[name] = nil }
    }

    func add(_ container: Container) {
        byID[container.id] = container
    }

    /// Nobody finds it any more; its name is free after ``remove(_:name:)``.
    func retire(_ id: String) {
        byID[id] = nil
        leaving[id] = Announcement()
    }

    /// The last of it did not go: it is found again, and keeps its name.
    func bringBack(_ container: Container) {
        byID[container.id] = container
        leaving.removeValue(forKey: container.id)?.make(())
    }

    func remove(_ id: String, name: String) {
        byID[id] = nil
        release(name, of: id)
        leaving.removeValue(forKey: id)?.make(())
    }

    /// By id, by name, then by a prefix of the id that no other has.
    ///
    /// - Throws: ``EngineError/notFound(_:)``, or ``EngineError/invalid(_:)`` when a prefix fits several.
    func find(_ reference: String) throws(EngineError) -> Container {
        let bare = reference.hasPrefix("/") ? String(reference.dropFirst()) : reference
        if let container = byID[bare] { return container }
        if let id = idByName[bare], let container = byID[id] { return container }
        guard !bare.isEmpty, bare.utf8.count <= 64 else { throw .noSuchContainer(reference) }
        var found: Container?
        for (id, container) in byID where id.hasPrefix(bare) {
            if found != nil { throw .invalid("multiple IDs found with provided prefix: \(bare)") }
            found = container
        }
        guard let found else { throw .noSuchContainer(reference) }
        return found
    }

    func named(_ name: String) -> Container? { idByName[name].flatMap { byID[$0] } }
    func withID(_ id: String) -> Container? { byID[id] }
    var all: [Container] { Array(byID.values) }
    var count: Int { byID.count }
}
