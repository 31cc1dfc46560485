import Glibc
import LinuxKernel
import TestSupport
import Testing

/// `pouch` and a pouchd that trust each other by certificates only.
@Suite("tcp:// with TLS", .needs(.root, .tool("openssl")))
struct TLSClientTests {
    /// An authority, and what it signed for the daemon at 127.0.0.1 and for a client; in `folder`.
    private func makeCertificates(in folder: String) async throws {
        let script = """
            set -e; cd \(folder)
            key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
            for ca in ca other; do
                openssl req -x509 $key -keyout $ca-key.pem -out $ca.pem -subj /CN=$ca
            done
            sign() { openssl req $key -keyout $1-key.pem -out $1.csr -subj /CN=$1
                printf "$2" > $1.ext
                openssl x509 -req -days 30 -in $1.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out $1-cert.pem -extfile $1.ext; }
            sign server 'subjectAltName=IP:127.0.0.1,DNS:localhost\\nextendedKeyUsage=serverAuth\\n'
            sign client 'extendedKeyUsage=clientAuth\\n'
            mkdir mine; cp ca.pem mine/ca.pem; cp client-cert.pem mine/cert.pem; cp client-key.pem mine/key.pem
            """
        let made = try await run(["sh", "-c", script])
        guard made.status == 0 else { throw DaemonNotReady(log: made.description) }
    }

    @Test("a container is run over it, with its input and exit code; strangers on either side are refused")
    func whole() async throws {
        try await bringLoopbackUp()
        try await withScratchDirectory { folder in
            try await makeCertificates(in: folder)
            let port = Int.random(in: 20_000...29_000)
            let flags = [
                "-H", "tcp://127.0.0.1:\(port)", "--tlsverify", "--tlscacert", "\(folder)/ca.pem", "--tlscert",
                "\(folder)/server-cert.pem", "--tlskey", "\(folder)/server-key.pem",
            ]
            try await withDaemon(flags: flags) { daemon in
                func pouch(
                    _ words: [String], folder certificates: String, host: String = "127.0.0.1", input: String? = nil
                ) async throws -> CommandResult {
                    try await run(
                        [Executables.client, "-H", "tcp://\(host):\(port)", "--tlsverify"] + words,
                        environment: ["DOCKER_CERT_PATH": certificates], input: input, timeout: .seconds(30))
                }
                let mine = "\(folder)/mine"
                for host in ["127.0.0.1", "localhost"] {
                    let result = try await pouch(["version", "-f", "{{.Server.Version}}"], folder: mine, host: host)
                    #expect(result.status == 0 && result.trimmed == "0.1.0", "\(result)")
                }
                // The end of the input reaches the container, and what it says afterwards comes back.
                let words = ["run", "-i", "--rm", "--network", "none", "busybox", "sh", "-c", "wc -c; exit 7"]
                let counted = try await pouch(words, folder: mine, input: String(repeating: "x", count: 300_000))
                #expect(counted.status == 7 && counted.trimmed == "300000", "\(counted)")

                _ = try await run([
                    "sh", "-c", "cd \(folder); mkdir half wrong; cp ca.pem half; cp other.pem wrong/ca.pem",
                ])
                let stranger = try await pouch(["version"], folder: "\(folder)/half")
                #expect(stranger.status == 1 && stranger.errors.contains("wants a certificate"), "\(stranger)")
                let unsigned = try await pouch(["ps"], folder: "\(folder)/wrong")
                #expect(unsigned.status == 1 && unsigned.errors.contains("not signed by an authority"), "\(unsigned)")
                let nobody = try await run(
                    [Executables.client, "-H", "tcp://127.0.0.1:1", "--tlsverify", "ps"],
                    environment: ["DOCKER_CERT_PATH": mine])
                #expect(nobody.status == 1 && nobody.errors.contains("refused"), "\(nobody)")
            }
        }
    }
}
