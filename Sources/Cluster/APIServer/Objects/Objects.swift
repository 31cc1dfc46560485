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

    /// How often a change that names no version is tried again when somebody was faster.
    static let mostAttempts = 16

    package init(_ store: any ClusterStore, clock: @escaping @Sendable () -> Timestamp = { .now }) {
        self.store = store
        self.clock = clock
    }

    /// An object with the version that the store has of it.
    package struct Found: Sendable {
        package let object: APIObject
        package let stored: StoredObject
    }

    /// What a change led to.
    package struct Changed: Sendable {
        package let object: APIObject
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
        return Found(object: try ObjectCodec.decode(stored), stored: stored)
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
        try await reading { () async throws(StoreError) in try await store.commit(transaction) }
    }

    static func uid() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [hex[0..<4], hex[4..<6], hex[6..<8], hex[8..<10], hex[10...]].map { $0.joined() }.joined(separator: "-")
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
