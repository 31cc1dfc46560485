internal import Glibc
internal import JSON
internal import LinuxKernel
package import RuntimeSpec

/// The folders of all containers: `<root>/<id>/{config.json,state.json,exec.fifo}`, `notify/` and `devices/` for some.
///
/// A folder is made with one mkdir(2), so that of two creators one wins. `config.json` is a copy, as the bundle may
/// change; it is there before anything else is made, so that whatever a killed creator left can be found by it.
package struct StateStore: Equatable, Sendable {
    package static let defaultRoot = "/run/pouch-runtime"
    package let root: String

    package init(root: String = defaultRoot) {
        self.root = root
    }

    package func folder(of id: String) -> String { "\(root)/\(id)" }
    func fifo(of id: String) -> String { "\(root)/\(id)/exec.fifo" }
    /// Not a name that a container can have.
    var seccompFolder: String { "\(root)/@seccomp" }

    /// Takes the name `id` for a new container; nobody can delete it while the result lives.
    ///
    /// - Throws: ``RuntimeError/exists(id:)``.
    func reserve(_ id: String, config: [UInt8]) throws(RuntimeError) -> Descriptor {
        guard SandboxPlan.isValid(id: id) else { throw .invalid("container id \"\(id)\" is not a valid one") }
        do {
            try makeFolder(id)
        } catch {
            if error.errno == EEXIST { throw .exists(id: id) }
            throw .step("state folder", error)
        }
        return try step("state folder") { () throws(SyscallError) in
            let lock = try Descriptor.open(folder(of: id), O_RDONLY | O_DIRECTORY)
            try Files.lock(lock.raw)
            try Descriptor.open("config.json", O_WRONLY | O_CREAT, mode: 0o600, at: lock.raw).writeAll(config)
            return lock
        }
    }

    private func makeFolder(_ id: String) throws(SyscallError) {
        do {
            try Files.makeDirectory(folder(of: id), mode: 0o711)
        } catch {
            guard error.errno == ENOENT else { throw error }
            try makeRoot()
            try Files.makeDirectory(folder(of: id), mode: 0o711)
        }
    }

    private func makeRoot() throws(SyscallError) {
        var path = ""
        for part in root.split(separator: "/") {
            path += "/" + part
            do { try Files.makeDirectory(path, mode: 0o711) } catch {
                guard error.errno == EEXIST else { throw error }
            }
        }
    }

    package func save(_ state: ContainerState) throws(RuntimeError) {
        try step("save state of \(state.id)") { () throws(SyscallError) in
            try WholeFile.replace("\(folder(of: state.id))/state.json", with: state.json.encoded())
        }
    }

    /// Gives the state the name by which crun's users know it, too.
    func shareState(of id: String) {
        try? Files.makeLink("\(folder(of: id))/status", to: "state.json")
    }

    /// - Throws: ``RuntimeError/notFound(id:)``, also for one that is being created.
    package func load(_ id: String) throws(RuntimeError) -> ContainerState {
        guard SandboxPlan.isValid(id: id) else { throw .notFound(id: id) }
        let bytes: [UInt8]
        do {
            bytes = try WholeFile.read("\(folder(of: id))/state.json")
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { throw .notFound(id: id) }
            throw .step("read state of \(id)", error)
        }
        do {
            return try ContainerState(json: JSONField(try JSONValue(parsing: bytes)))
        } catch {
            throw .invalid("state of \(id): \(error)")
        }
    }

    /// The configuration as it was when the container was created.
    package func config(of id: String) throws(RuntimeError) -> RuntimeSpec {
        guard SandboxPlan.isValid(id: id) else { throw .notFound(id: id) }
        do {
            return try RuntimeSpec(parsing: try WholeFile.read("\(folder(of: id))/config.json"))
        } catch let error as SyscallError {
            throw error.errno == ENOENT ? .notFound(id: id) : .step("read configuration of \(id)", error)
        } catch {
            throw .invalid("configuration of \(id): \(error)")
        }
    }

    /// The hooks of a container, read only when its configuration has the word `kind` at all.
    func hooks(of id: String, named kind: String) throws(RuntimeError) -> RuntimeSpec.Hooks? {
        let path = "\(folder(of: id))/config.json"
        let text = try step("read configuration of \(id)") { () throws(SyscallError) in try WholeFile.read(path) }
        let word = Array(kind.utf8)
        let found = text.indices.contains { text[$0] == word[0] && text[$0...].starts(with: word) }
        guard found else { return nil }
        return try config(of: id).hooks
    }

    /// Containers with a state, sorted; a root that does not exist has none.
    package func all() -> [String] {
        guard let names = try? Files.list(root) else { return [] }
        return names.filter { SandboxPlan.isValid(id: $0) && Files.exists("\(folder(of: $0))/state.json") }
    }

    /// Waits until nobody else makes or deletes `id`, and keeps it so while the result lives.
    ///
    /// - Throws: ``RuntimeError/notFound(id:)``, also when it went while we waited.
    func lock(_ id: String) throws(RuntimeError) -> Descriptor {
        guard SandboxPlan.isValid(id: id) else { throw .notFound(id: id) }
        do {
            let lock = try Descriptor.open(folder(of: id), O_RDONLY | O_DIRECTORY)
            try Files.lock(lock.raw)
            let own = try Files.status(of: lock.raw)
            let named = try Files.status(folder(of: id))
            guard own.inode == named.inode, own.device == named.device else { throw RuntimeError.notFound(id: id) }
            return lock
        } catch let error as SyscallError {
            throw error.errno == ENOENT ? .notFound(id: id) : .step("lock \(id)", error)
        } catch {
            throw .notFound(id: id)
        }
    }

    func isReserved(_ id: String) -> Bool {
        SandboxPlan.isValid(id: id) && Files.exists(folder(of: id))
    }

    /// Frees the name; what is gone already is no error.
    func remove(_ id: String) {
        let folder = folder(of: id)
        // state.json last among the files: as long as it is there, another delete finds the container.
        for name in ["exec.fifo", "config.json", "status", "state.json.new", "state.json"] {
            try? Files.remove("\(folder)/\(name)")
        }
        if (try? Files.remove(folder, directory: true)) == nil {
            // Sockets and devices of the container, each kind in a folder of its own.
            for name in (try? Files.list(folder)) ?? [] where (try? Files.remove("\(folder)/\(name)")) == nil {
                for inside in (try? Files.list("\(folder)/\(name)")) ?? [] {
                    try? Files.remove("\(folder)/\(name)/\(inside)")
                }
                try? Files.remove("\(folder)/\(name)", directory: true)
            }
            try? Files.remove(folder, directory: true)
        }
    }
}
