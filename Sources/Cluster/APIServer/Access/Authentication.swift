package import ClusterModel
internal import HTTPKit

/// How the server finds out who asks.
package struct Authentication: Sendable {
    /// By the token that a client shows.
    private let tokens: [String: Requester]
    /// Whether who shows nothing is taken for the administrator: on a port that only this machine reaches.
    private let trustsEverybody: Bool

    /// Everybody may do everything.
    package static let open = Authentication(tokens: [:], trustsEverybody: true)

    private init(tokens: [String: Requester], trustsEverybody: Bool) {
        self.tokens = tokens
        self.trustsEverybody = trustsEverybody
    }

    /// Only who shows a certificate or one of these tokens gets in.
    package init(tokens: [String: Requester]) {
        self.init(tokens: tokens, trustsEverybody: false)
    }

    /// Reads lines of `token,user,uid,"group,group"`.
    ///
    /// - Throws: ``APIError/badRequest(_:)`` naming the line that is none.
    ///
    /// Source: Kubernetes documentation, "Static token file".
    package init(tokenFile text: String) throws(APIError) {
        var tokens: [String: Requester] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let columns = line.split(separator: ",", maxSplits: 3, omittingEmptySubsequences: false)
            if line.allSatisfy(\.isWhitespace) { continue }
            guard columns.count >= 3, !columns[0].isEmpty, !columns[1].isEmpty else {
                throw .badRequest("line \(index + 1): expected token,user,uid,\"groups\"")
            }
            let groups = columns.count > 3 ? columns[3].filter { $0 != "\"" }.split(separator: ",") : []
            tokens[String(columns[0])] = Requester(
                name: String(columns[1]), groups: groups.map(String.init) + ["system:authenticated"])
        }
        self.init(tokens: tokens)
    }

    /// Who sent a request with this certificate, in DER, and this `Authorization`.
    ///
    /// Whoever may open our socket, which is root's, is the administrator, unless a token says otherwise.
    ///
    /// - Throws: ``APIError/unauthorized`` for a token that is none of ours.
    func requester(
        certificate: [UInt8]?, authorization: String?, isLocal: Bool = false
    ) throws(APIError) -> Requester {
        if let certificate, let subject = CertificateSubject(der: certificate) { return Requester(subject) }
        if let authorization {
            let words = authorization.split(separator: " ")
            guard words.count == 2, words[0].lowercased() == "bearer", let known = tokens[String(words[1])] else {
                throw .unauthorized
            }
            return known
        }
        return trustsEverybody || isLocal ? .administrator : .anonymous
    }
}

extension Requester {
    /// As Kubernetes reads certificates: the common name, and the organizations as groups.
    ///
    /// A member of the pool, which its authority names by a unit, is a node.
    init(_ subject: CertificateSubject) {
        let isMember = !Set(subject.units).isDisjoint(with: ["peer", "seed"])
        if isMember, subject.organizations.isEmpty {
            self.init(
                name: "system:node:\(subject.commonName)", groups: ["system:nodes", "system:authenticated"])
        } else {
            self.init(name: subject.commonName, groups: subject.organizations + ["system:authenticated"])
        }
    }
}
