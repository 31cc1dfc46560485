package import ImageSpec
package import JSON
internal import NIOCore
internal import Pieces
internal import Synchronization
internal import Transfer
internal import Units

/// A node's reason to get a blob: the image that it belongs to, and what lets the node pull that.
package struct AccessClaim: Sendable {
    /// With its registry.
    package var repository: String
    package var blob: Digest
    package var size: Int64
    /// Docker's `AuthConfig` in JSON; empty for nobody in particular.
    package var credentials: [UInt8]

    package init(repository: String, blob: Digest, size: Int64, credentials: [UInt8]) {
        self.repository = repository
        self.blob = blob
        self.size = size
        self.credentials = credentials
    }
}

extension AccessClaim: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        repository = try json["repository"].string()
        blob = try json["blob"].read()
        size = try json["size"].int()
        guard let bytes = Base64.decoded(try json["credentials"].stringIfPresent() ?? "") else {
            throw json["credentials"].invalid("expected base64")
        }
        credentials = bytes
    }

    package var json: JSONValue {
        [
            "repository": .string(repository), "blob": blob.json, "size": size.json,
            "credentials": .string(Base64.encoded(credentials)),
        ]
    }
}

/// The tracker as a node sees it.
final class TrackerLink: Sendable {
    private let client: TransferClient
    private let target: TransferTarget
    /// What was proved, to be proved again to a tracker that has forgotten.
    private let claims = Mutex<[Digest: AccessClaim]>([:])

    init(_ client: TransferClient, _ target: TransferTarget) {
        self.client = client
        self.target = target
    }

    /// Before it answers, the tracker may have to ask a registry, for which there is time by default.
    func post(
        _ path: String, _ body: [UInt8], patience: Duration = .seconds(60)
    ) async throws(PoolError) -> [UInt8] {
        var call = TransferCall("POST", path)
        call.body = body
        call.patience = patience
        do throws(TransferError) {
            return Array(try await client.send(call, to: target).success("tracker").readableBytesView)
        } catch {
            throw .transfer(error)
        }
    }

    /// Shows that this node may have a blob.
    ///
    /// - Throws: `refused` with 403 or 404 when the registry says that it may not, or has no such blob.
    func prove(_ claim: AccessClaim) async throws(PoolError) {
        claims.withLock { $0[claim.blob] = claim }
        _ = try await post("/v1/access", claim.encoded())
    }

    /// What was shown for a blob.
    func claim(for blob: Digest) -> AccessClaim? { claims.withLock { $0[blob] } }

    /// The blob is not wanted here any more: neither are the credentials it was wanted with.
    func forget(_ blob: Digest) { claims.withLock { $0[blob] = nil } }

    func announce(_ announcement: Announcement) async throws(PoolError) -> TrackerReply {
        let body = TrackerMessageCodec.encode(announcement)
        let bytes: [UInt8]
        do throws(PoolError) {
            bytes = try await post("/v1/announce", body, patience: .seconds(10))
        } catch {
            guard case .transfer(.refused(status: 403, _)) = error,
                let claim = claim(for: announcement.blob)
            else {
                throw error
            }
            try await prove(claim)
            bytes = try await post("/v1/announce", body, patience: .seconds(10))
        }
        do throws(WireError) {
            return try TrackerMessageCodec.decodeReply(bytes)
        } catch {
            throw .malformed("tracker: \(error)")
        }
    }
}
