package import Identity
package import JSON
package import NIOCore
internal import NIOSSL
internal import Lanes
package import Transfer

/// What a node sends to be let in.
package struct JoinRequest: JSONCodable, Sendable {
    package var secret: String
    package var name: String
    /// For a certificate, in PEM.
    package var request: String

    package init(secret: String, name: String, request: String) {
        self.secret = secret
        self.name = name
        self.request = request
    }

    package init(json: JSONField) throws(JSONError) {
        secret = try json["secret"].string()
        name = try json["name"].string()
        request = try json["request"].string()
    }

    package var json: JSONValue {
        ["secret": .string(secret), "name": .string(name), "request": .string(request)]
    }
}

/// How a node becomes a member of a pool.
package struct PoolJoin: Sendable {
    private let tracker: TransferTarget
    private let group: any EventLoopGroup

    package init(host: String, port: Int, group: any EventLoopGroup) {
        tracker = TransferTarget(host: host, port: port, serverName: trackerName)
        self.group = group
    }

    /// The tracker, for later.
    package var target: TransferTarget { tracker }

    /// What this node is known by: from `folder` where it joined before, else by using `token` up.
    package func credentials(
        name: String, token: String?, folder: String
    ) async throws(PoolError) -> NodeCredentials {
        do throws(IdentityError) {
            if let kept = try await Lanes.shared.run({ () throws(IdentityError) in try NodeCredentials(folder: folder) }
            ) {
                return kept
            }
        } catch {
            throw .identity(error)
        }
        guard let token else { throw .malformed("this node has not joined the pool: give it a join token") }
        let made = try await join(name, token)
        do throws(IdentityError) {
            try await Lanes.shared.run { () throws(IdentityError) in try made.save(to: folder) }
        } catch {
            throw .identity(error)
        }
        return made
    }

    private func join(_ name: String, _ text: String) async throws(PoolError) -> NodeCredentials {
        do throws(IdentityError) {
            let token = try JoinToken(parsing: text)
            // First who it is: the token tells which certificate to expect. Then again, believing that one alone.
            let authority = try await ask(
                TransferCall("GET", "/v1/authority"), NodeCredentials.joiningContext(authority: nil))
            guard try CertificateAuthority.fingerprint(of: authority) == token.fingerprint else {
                throw IdentityError.untrusted("tracker at \(tracker.host):\(tracker.port)")
            }
            let (key, request) = try NodeCredentials.makeRequest(name: name)
            var call = TransferCall("POST", "/v1/join")
            call.body = JoinRequest(secret: token.secret, name: name, request: request).encoded()
            let certificate = try await ask(call, NodeCredentials.joiningContext(authority: authority))
            return try NodeCredentials(authority: authority, certificate: certificate, key: key)
        } catch {
            throw .identity(error)
        }
    }

    /// Where the tracker sees this node.
    package func ownAddress(_ credentials: NodeCredentials) async throws(PoolError) -> String {
        do throws(IdentityError) {
            return try await ask(TransferCall("GET", "/v1/address"), credentials.clientContext())
        } catch {
            throw .identity(error)
        }
    }

    private func ask(_ call: TransferCall, _ tls: NIOSSLContext) async throws(IdentityError) -> String {
        let client = TransferClient(tls: tls, group: group, download: RateLimit(rate: nil, loop: group.any()))
        defer { client.close() }
        do throws(TransferError) {
            return String(buffer: try await client.send(call, to: tracker).success("tracker"))
        } catch {
            throw .untrusted(error.description)
        }
    }
}
