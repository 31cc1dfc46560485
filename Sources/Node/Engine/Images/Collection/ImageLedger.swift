internal import Glibc
internal import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Synchronization

/// When each image was last used, and until when it is pinned; any thread may ask, ``save()`` blocks.
///
/// Times are seconds since 1970. What was used since the last save is lost with a crash, pins are not.
final class ImageLedger: Sendable {
    private struct Entry: Equatable, JSONCodable {
        var used: Int64
        var pinned: Int64

        init(used: Int64, pinned: Int64) {
            self.used = used
            self.pinned = pinned
        }

        init(json: JSONField) throws(JSONError) {
            used = try json["used"].intIfPresent() ?? 0
            pinned = try json["pinned"].intIfPresent() ?? 0
        }

        var json: JSONValue { ["used": used.json, "pinned": pinned.json] }
    }

    private struct State {
        var entries: [Digest: Entry] = [:]
        var isChanged = false
    }

    private let path: String
    private let state: Mutex<State>
    /// One writes at a time, what is there then: an older file never replaces a newer one.
    private let saving = Mutex(())

    init(path: String) {
        self.path = path
        var state = State()
        let known: [String: Entry]? = (try? WholeFile.read(path)).flatMap { try? [String: Entry](parsing: $0) }
        for (id, entry) in known ?? [:] { if let digest = try? Digest(parsing: id) { state.entries[digest] = entry } }
        self.state = Mutex(state)
    }

    func noteUse(of id: Digest, at time: Int64) { change(id) { $0.used = max($0.used, time) } }

    /// Keeps the image from being collected until then; a later end that was given before counts.
    func pin(_ id: Digest, until time: Int64) throws(SyscallError) {
        change(id) { $0.pinned = max($0.pinned, time) }
        try save()
    }

    private func change(_ id: Digest, _ body: (inout Entry) -> Void) {
        state.withLock { state in
            var entry = state.entries[id] ?? Entry(used: 0, pinned: 0)
            body(&entry)
            guard entry != state.entries[id] else { return }
            state.entries[id] = entry
            state.isChanged = true
        }
    }

    func isPinned(_ id: Digest, at time: Int64) -> Bool { state.withLock { ($0.entries[id]?.pinned ?? 0) > time } }
    func lastUse(of id: Digest) -> Int64? { state.withLock { $0.entries[id]?.used } }
    func pins(at time: Int64) -> Int { state.withLock { $0.entries.values.count { $0.pinned > time } } }

    /// Forgets images that are not there any more.
    func keep(only ids: Set<Digest>) {
        state.withLock { state in
            let before = state.entries.count
            state.entries = state.entries.filter { ids.contains($0.key) }
            if state.entries.count != before { state.isChanged = true }
        }
    }

    func save() throws(SyscallError) {
        try saving.withLock { (_) throws(SyscallError) in
            let bytes = state.withLock { state -> [UInt8]? in
                guard state.isChanged else { return nil }
                state.isChanged = false
                return Dictionary(state.entries.map { ($0.key.description, $0.value) }) { first, _ in first }.encoded()
            }
            guard let bytes else { return }
            do throws(SyscallError) { try WholeFile.replace(path, with: bytes, durable: true) } catch {
                state.withLock { $0.isChanged = true }
                throw error
            }
        }
    }
}
