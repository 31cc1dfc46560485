import DockerClient
import Testing

@testable import Verbs

@Suite("tcp:// daemons")
struct TLSFlagsTests {
    private func arguments(
        _ host: String, _ change: (inout TLSFlags) -> Void, variables: [String: String] = [:],
        files: Set<String> = ["/c/ca.pem", "/c/cert.pem", "/c/key.pem"]
    ) throws(ClientError) -> [String] {
        var flags = TLSFlags()
        change(&flags)
        let endpoint = try flags.endpoint(host, { variables[$0] }, exists: files.contains)
        guard case .carried(let carrier) = endpoint else { return [] }
        #expect(carrier.address == host && carrier.programs.last == "/b/pouch-pool")
        return carrier.arguments
    }

    private let mine = ["--tlscacert", "/c/ca.pem", "--tlscert", "/c/cert.pem", "--tlskey", "/c/key.pem"]
    private let path = ["PATH": "/a:/b"]

    @Test("flags, and docker's variables under both names", arguments: ["DOCKER", "POUCH"])
    func certificates(prefix: String) throws {
        var variables = path
        variables["\(prefix)_CERT_PATH"] = "/c"
        let verified = try arguments("tcp://h:1", { $0.verifies = true }, variables: variables)
        #expect(verified == ["dial", "h", "1"] + mine)
        let believing = try arguments("tcp://h", { $0.isWanted = true }, variables: variables)
        #expect(believing == ["dial", "h", "2376"] + mine + ["--unverified"])
        variables["\(prefix)_TLS_VERIFY"] = "1"
        #expect(try arguments("tcp://[::1]:7", { _ in }, variables: variables) == ["dial", "::1", "7"] + mine)
        let other = try arguments(
            "tcp://h:1", { $0.authority = "/o" }, variables: variables, files: ["/o", "/c/cert.pem", "/c/key.pem"])
        #expect(other == ["dial", "h", "1", "--tlscacert", "/o"] + mine[2...])
    }

    @Test("what cannot be reached safely is refused before anything is sent")
    func refusals() {
        func refusal(
            _ host: String, _ files: Set<String> = [], _ change: (inout TLSFlags) -> Void
        ) -> String? {
            do {
                _ = try arguments(host, change, variables: ["HOME": "/h", "PATH": "/b"], files: files)
                return nil
            } catch { return "\(error)" }
        }
        #expect(refusal("tcp://h:1") { _ in }?.contains("--tlsverify") == true)
        #expect(refusal("tcp://h:1") { $0.verifies = true }?.contains("/h/.docker/ca.pem: no such file") == true)
        #expect(refusal("tcp://h:1") { $0.isWanted = true } == nil)
        #expect(refusal("tcp://h:1") { ($0.isWanted, $0.key) = (true, "/k") }?.contains("/k: no such file") == true)
        for host in ["tcp://", "tcp://:1", "tcp://h:x", "tcp://h:70000", "tcp://a:b:c", "tcp://h/x", "tcp://[::1"] {
            #expect(refusal(host) { $0.isWanted = true }?.contains("expected tcp://host:port") == true, "\(host)")
        }
    }
}
