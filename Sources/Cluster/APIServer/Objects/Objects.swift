package import ClusterModel
package import ClusterStore
internal import JSON
package import Units

/// The objects of the pool: what may be done to them, whoever asks and by whatever protocol.
///
/// Every change reads, decides in values, and writes on the condition that nobody was faster.
package struct Objects: Sendable {
    package let store: any ClusterStore
    let clock: @Sendable () -> Timestamp
    let recent = RecentObjects()
    private let eventLeases: EventLeases

    /// How often a change that names no version is tried again when somebody was faster.
    static let mostAttempts = 16

    package init(_ store: any ClusterStore, clock: @escaping @Sendable () -> Timestamp = { .now }) {
        self.store = store
        self.clock = clock
        eventLeases = EventLeases(store)
    }

    /// How an object is written.
    func put(_ object: APIObject, _ kind: ResourceKind, at key: StoreKey) async -> Put {
        var put = Put(key, ObjectCodec.encode(object), terms: ObjectCodec.terms(of: object, kind))
        if kind == Catalog.event { put.lease = await eventLeases.lease(at: clock()) }
        return put
    }

    /// An object with the version that the store has of it.
    package struct Found: Sendable {
        package let object: APIObject
        package let stored: StoredObject
    }

    /// What a change led to.
    package struct Changed: Sendable {
        package let object: APIObject
        /// As the store has it; `nil` when nothing was written.
        package var stored: StoredObject?
        /// Whether it came into being.
        package var isNew = false
        /// What the client is to be warned about.
        package var warnings: [String] = []
    }

    func key(_ kind: ResourceKind, _ namespace: String?, _ name: String) throws(APIError) -> StoreKey {
        do throws(StoreError) {
            return try StoreKey(String(kind.storeKey(namespace: namespace, name: name).dropFirst()))
        } catch {
            throw .notFound(kind, name: name)
        }
    }

    func folder(_ kind: ResourceKind, _ namespace: String?) throws(APIError) -> KeyFolder {
        do throws(StoreError) {
            return try KeyFolder(String(kind.storePrefix(namespace: namespace).dropFirst()))
        } catch {
            throw .badRequest("namespace: \(namespace ?? ""): no name")
        }
    }

    /// - Throws: ``APIError/notFound(_:name:)``.
    package func get(_ kind: ResourceKind, _ namespace: String?, _ name: String) async throws(APIError) -> Found {
        let stored = try await stored(kind, namespace, name)
        let isKnown = stored.content != nil
        let object = try ObjectCodec.decode(stored)
        if !isKnown {
            stored.content = object
            recent.remember(stored)
        }
        return Found(object: object, stored: stored)
    }

    func stored(_ kind: ResourceKind, _ namespace: String?, _ name: String) async throws(APIError) -> StoredObject {
        let key = try key(kind, namespace, name)
        guard let stored = try await reading({ () async throws(StoreError) in try await store.get(key) }) else {
            throw .notFound(kind, name: name)
        }
        return stored
    }

    func reading<Value: Sendable>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(APIError) -> Value {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw APIError(error)
        }
    }

    func commit(_ transaction: Transaction) async throws(APIError) -> TransactionResult {
        let result = try await reading { () async throws(StoreError) in try await store.commit(transaction) }
        remember(result)
        return result
    }

    /// What was written is kept decoded for a while.
    func remember(_ result: TransactionResult) {
        guard result.succeeded else { return }
        for case let written? in result.outcomes where written.modified == result.revision { recent.remember(written) }
    }

    static func uid() -> String {
        let digits = Array("0123456789abcdef".utf8)
        let high = UInt64.random(in: .min ... .max) & ~0xF000 | 0x4000
        let low = UInt64.random(in: .min ... .max) & ~(3 << 62) | 1 << 63
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for place in 0..<32 {
            if [8, 12, 16, 20].contains(place) { text.append(UInt8(ascii: "-")) }
            let half = place < 16 ? high : low
            text.append(digits[Int(half >> UInt64(60 - place % 16 * 4) & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Ends generated names: letters and digits that make no words.
    static func suffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).map { _ in alphabet[Int.random(in: alphabet.indices)] })
    }
}

extension APIError {
    init(_ error: StoreError) {
        switch error {
        case .invalid(let why): self = .badRequest(why)
        case .tooLarge(_, let limit): self = .tooLarge(limit: limit)
        case .compacted: self = .expired("The resourceVersion for the provided watch is too old.")
        case .future(let current):
            self = .unavailable("Too large resource version, current: \(current)")
        case .overloaded: self = .tooManyRequests("the store is busy: too many writes wait", retryAfter: 1)
        case .leaseNotFound, .full, .failed, .closed: self = .unavailable(error.description)
        }
    }
}
