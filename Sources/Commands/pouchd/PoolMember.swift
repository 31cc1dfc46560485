internal import ClusterModel
internal import Glibc
internal import HTTPKit
internal import Identity
internal import Lanes
internal import LinuxKernel
internal import Logging
internal import PoolClient

/// How this node is known in its pool: joins when it has not yet, and renews its certificate in time.
struct PoolMember: Sendable {
    /// Below the data root.
    private let folder: String
    private let server: String?
    private let name: String?
    private let tokenFile: String?
    private let token: String?
    private let defaultName: String
    private let logger: Logger

    /// Nil where nobody said that this node joins, and it never did.
    init?(_ pool: PoolSettings, dataRoot: String, logger: Logger) {
        folder = "\(dataRoot)/member"
        guard pool.address != nil || Files.exists("\(folder)/member.json") else { return nil }
        server = pool.address?.server
        name = pool.isNamed ? pool.nodeName : nil
        defaultName = pool.nodeName
        (tokenFile, token) = (pool.tokenFile, pool.token)
        self.logger = logger
    }

    var authorityFile: String { Membership.authority(in: folder) }
    var credentialsFile: String { Membership.credentials(in: folder) }

    /// What an earlier start, or `pouch pool join`, left; else what the server makes of the token.
    ///
    /// Waits while the server cannot be
    /// reached.
    func join() async throws -> Membership {
        let folder = folder
        let kept = try await Lanes.shared.run { () throws(PoolError) in try Membership.read(folder) }
        if let kept { return try checked(server.map(kept.at) ?? kept) }
        guard let server else { throw PoolError.malformed("\(folder): it says no server") }
        let token = try await givenToken()
        while true {
            do throws(PoolError) {
                let made = try await Membership.join(server, as: defaultName, token: token, folder: folder)
                logger.info("this node is a member of a pool now", metadata: ["node": "\(defaultName)"])
                return made
            } catch {
                guard case .unreachable(let why) = error else { throw error }
                logger.warning("the pool's server cannot be reached", metadata: ["error": "\(why)"])
                try await Task.sleep(for: .seconds(2))
            }
        }
    }

    private func checked(_ kept: Membership) throws(PoolError) -> Membership {
        if let name, name != kept.node {
            throw .malformed("this node joined as \(kept.node), not \(name); remove \(folder) to join anew")
        }
        guard try kept.term().ends > Int64(time(nil)) else {
            throw .malformed(
                "the certificate of node \(kept.node) is too old; remove \(folder), delete the node and join with a new token"
            )
        }
        return kept
    }

    private func givenToken() async throws -> JoinToken {
        var text = token
        if let tokenFile {
            text = try await Lanes.shared.run { () throws(SyscallError) in
                String(decoding: try WholeFile.read(tokenFile), as: UTF8.self)
            }
        }
        guard let text else {
            throw PoolError.malformed(
                "this node has not joined the pool: give it a token, in POUCH_JOIN_TOKEN or with --join-token-file")
        }
        return try JoinToken(parsing: String(text.filter { !$0.isWhitespace }))
    }

    /// Renews the certificate again and again, after seven tenths of its time, until the task is cancelled.
    func keep(_ member: Membership, _ client: RenewedClient, _ server: HTTPServer) async {
        var member = member
        while !Task.isCancelled {
            let left = ((try? member.term().renewal) ?? 0) - Int64(time(nil))
            // Not all nodes at the same time; and clocks may be set.
            let wait = min(3600, max(1, Double(left) + Double.random(in: 0...Double(max(1, min(left, 600) / 10)))))
            guard (try? await Task.sleep(for: .seconds(wait))) != nil else { return }
            guard left <= 3600 else { continue }
            do {
                member = try await member.renewed(in: folder)
                client.replace(with: try PoolClient(member.address, userAgent: client.client.userAgent))
                try await Lanes.shared.run { () throws(ListenError) in try server.reloadCertificates() }
                logger.info("the node's certificate is renewed", metadata: ["node": "\(member.node)"])
            } catch {
                logger.warning("the node's certificate is not renewed yet", metadata: ["error": "\(error)"])
                guard (try? await Task.sleep(for: .seconds(5))) != nil else { return }
            }
        }
    }
}
