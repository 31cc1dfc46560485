internal import Glibc
package import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Synchronization

/// Blobs that an image on its way needs, spared by collections even after a crash.
///
/// ``Lease`` holds what a process works on; this holds what the next process would go on with. One file for each pull, named by
/// the image's manifest, this process and a number; one that was not renewed for a day is forgotten.
package struct Reservation {
    /// In seconds.
    static let lifetime: Int64 = 24 * 3600

    private struct Known {
        var serial = 0
        /// The names of those whose pulls go on in this process.
        var live: Set<String> = []
    }

    private static let known = Mutex(Known())

    private let store: ContentStore
    /// What the names of all reservations for this image begin with.
    private let image: String
    private let name: String

    private var path: String { "\(store.root)/reserved/\(name)" }

    init(_ store: ContentStore, for digest: Digest) {
        self.store = store
        image = "\(digest.algorithm.rawValue)-\(digest.hex)-"
        name = Self.known.withLock { [image] known in
            known.serial += 1
            let name = "\(image)\(getpid())-\(known.serial)"
            known.live.insert(name)
            return name
        }
    }

    /// Writes down what is reserved; blocks on the disk.
    package func make(_ blobs: [Digest]) throws(ContentError) {
        let bytes = JSONValue.array(blobs.map(\.json)).encoded()
        try kernel { () throws(SyscallError) in try WholeFile.replace(path, with: bytes, durable: true) }
    }

    /// The pull is over; unless it came to its ``end()``, what it reserved stays for the next one.
    ///
    /// Repeatable.
    package func leave() { _ = Self.known.withLock { $0.live.remove(name) } }

    /// Everything has arrived: what earlier pulls of the same image reserved goes, too, but not what others at work have.
    package func end() {
        leave()
        unlink(path)
        for other in (try? store.list("reserved")) ?? [] where other.hasPrefix(image) {
            // One that is being written has a longer name.
            let owner = other.prefix { $0 != "." }
            if !Self.known.withLock({ $0.live.contains(String(owner)) }) { unlink("\(store.root)/reserved/\(other)") }
        }
    }
}

extension ContentStore {
    package func reservation(for manifest: Digest) -> Reservation { Reservation(self, for: manifest) }

    /// What reservations hold; those that are too old are removed.
    func reserved() throws(ContentError) -> Set<Digest> {
        var found: Set<Digest> = []
        for name in try list("reserved") {
            let path = "\(root)/reserved/\(name)"
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if Int64(time(nil)) - Int64(status.st_mtim.tv_sec) > Reservation.lifetime {
                unlink(path)
                continue
            }
            guard let bytes = try? WholeFile.read(path),
                let list = try? [Digest](json: JSONField(JSONValue(parsing: bytes)))
            else { continue }
            found.formUnion(list)
        }
        return found
    }

    // MARK: blobs that are not whole

    /// Where the bytes of a blob are that has not arrived as a whole.
    package func partial(_ digest: Digest) -> String {
        "\(root)/ingest/partial-\(digest.algorithm.rawValue)-\(digest.hex)"
    }

    /// How many bytes of such a blob are there.
    package func partialSize(of digest: Digest) -> Int64 { (try? Files.status(partial(digest)))?.size ?? 0 }

    /// Forgets such a blob, after its bytes proved wrong.
    package func discardPartial(_ digest: Digest) { unlink(partial(digest)) }
}
