import Glibc
import LinuxKernel
import Synchronization
import TestSupport
import Testing

/// Who may ask a registry, how that is known to be the right one, and who is asked before it.
@Suite(
    "access to registries", .needs(.root, .tool("docker-registry"), .tool("curl"), .tool("openssl"), .tool("python3")))
struct RegistryAccessTests {
    /// `pouch` with a folder of logins of its own, and credential programs in it.
    private func pouch(_ daemon: Daemon, _ words: String..., input: String? = nil) async throws -> CommandResult {
        try await run(
            [Executables.client, "-H", daemon.host] + words,
            environment: [
                "POUCH_CONFIG": "\(daemon.folder)/login", "DOCKER_CONFIG": "\(daemon.folder)/none",
                "PATH": "\(daemon.folder)/programs:/usr/sbin:/usr/bin:/sbin:/bin",
            ], input: input)
    }

    private func withRegistry(
        _ daemon: Daemon, _ address: String, _ settings: String, _ body: () async throws -> Void
    ) async throws {
        let folder = "\(daemon.folder)/registry-\(address)"
        _ = try await run(["mkdir", folder])
        let text = """
            version: 0.1
            log: {level: info, accesslog: {disabled: false}}
            storage: {filesystem: {rootdirectory: \(folder)/data}, delete: {enabled: true}}
            \(settings)

            """
        try WholeFile.replace("\(folder)/settings.yml", with: Array(text.utf8))
        let server = try await withThread { () throws(SyscallError) in
            try RunningCommand([
                "/bin/sh", "-c", "exec docker-registry serve \"$0/settings.yml\" >\"$0/log\" 2>&1", folder,
            ])
        }
        let result: Result<Void, any Error>
        do {
            let colon = address.lastIndex(of: ":") ?? address.endIndex
            let port = "/dev/tcp/\(address[..<colon])/\(address[address.index(after: colon)...])"
            try await eventually { try await run(["bash", "-c", "exec 3<>\(port)"]).status == 0 }
            result = .success(try await body())
        } catch { result = .failure(error) }
        server.signal(SIGKILL)
        _ = await withThread { server.finish(timeout: .seconds(20)) }
        try result.get()
    }

    private static let port = 25_000 + Int(getpid()) % 5_000

    @Test("a login is needed, kept, used and forgotten; a credential program keeps it instead when one is named")
    func logins() async throws {
        try await bringLoopbackUp()
        try await withDaemon { daemon in
            let address = "127.0.0.1:\(Self.port)"
            let folder = daemon.folder
            let crypt =
                "import crypt; print('ann:' + crypt.crypt('good', crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))"
            let line = try await run(["python3", "-W", "ignore", "-c", crypt])
            #expect(line.status == 0, "\(line)")
            try WholeFile.replace("\(folder)/accounts", with: Array(line.output.utf8))
            let settings = "http: {addr: \"\(address)\"}\nauth: {htpasswd: {realm: r, path: \(folder)/accounts}}"
            try await withRegistry(daemon, address, settings) {
                let name = "\(address)/box:1"
                _ = try await pouch(daemon, "tag", "busybox", name)
                func push() async throws -> CommandResult { try await pouch(daemon, "push", "-q", name) }
                let nobody = try await push()
                #expect(nobody.status == 1 && nobody.errors.contains("access denied"), "\(nobody)")
                let wrong = try await pouch(daemon, "login", "-u", "ann", "--password-stdin", address, input: "bad")
                #expect(wrong.status == 1 && !Files.exists("\(folder)/login/config.json"), "\(wrong)")
                let right = try await pouch(daemon, "login", "-u", "ann", "--password-stdin", address, input: "good\n")
                #expect(right.status == 0 && right.output.contains("Login Succeeded"), "\(right)")
                #expect(try Files.status("\(folder)/login/config.json").mode & 0o777 == 0o600)
                #expect(try await push().status == 0)
                _ = try await pouch(daemon, "rmi", "-f", name)
                #expect(try await pouch(daemon, "pull", "-q", name).status == 0)
                #expect(try await pouch(daemon, "logout", address).status == 0)
                #expect(try await pouch(daemon, "pull", "-q", name).status == 1)

                // A program that keeps each login in a file.
                let program = """
                    #!/bin/sh
                    cd "$(dirname "$0")"
                    case $1 in
                    store) cat >kept ;;
                    get) cat >/dev/null; if [ -e kept ]; then cat kept; else echo credentials not found; exit 1; fi ;;
                    erase) cat >/dev/null; rm -f kept ;;
                    esac
                    """
                _ = try await run(["mkdir", "\(folder)/programs"])
                try WholeFile.replace(
                    "\(folder)/programs/docker-credential-box", with: Array(program.utf8), mode: 0o755)
                try WholeFile.replace(
                    "\(folder)/login/config.json", with: Array("{\"credHelpers\":{\"\(address)\":\"box\"}}".utf8))
                #expect(try await push().status == 1)
                let kept = try await pouch(daemon, "login", "-u", "ann", "--password-stdin", address, input: "good")
                #expect(kept.status == 0 && Files.exists("\(folder)/programs/kept"), "\(kept)")
                let config = String(decoding: try WholeFile.read("\(folder)/login/config.json"), as: UTF8.self)
                #expect(!config.contains("YW5uOmdvb2Q") && config.contains("credHelpers"), "\(config)")
                #expect(try await push().status == 0)
                // What a check removes is fetched again with the same login.
                let blobs = "\(folder)/data/content/blobs/sha256"
                _ = try await pouch(daemon, "rmi", "-f", "busybox")
                _ = try await pouch(daemon, "rmi", "-f", name)
                #expect(try await pouch(daemon, "pull", "-q", name).status == 0)
                for blob in try Files.list(blobs) { try WholeFile.replace("\(blobs)/\(blob)", with: [1]) }
                let repaired = try await pouch(daemon, "system", "check", "--repair")
                #expect(repaired.status == 0 && repaired.output.contains("\(name): fetched again"), "\(repaired)")
                #expect(try await pouch(daemon, "save", "-o", "\(folder)/saved.tar", name).status == 0)
                for blob in try Files.list(blobs) { try Files.remove("\(blobs)/\(blob)") }
                #expect(try await pouch(daemon, "logout", address).status == 0)
                #expect(!Files.exists("\(folder)/programs/kept"))
                let lost = try await pouch(daemon, "system", "check", "--repair")
                #expect(lost.status == 1 && !lost.output.contains("fetched again"), "\(lost)")
            }
        }
    }

    @Test("an authority of one's own, a client's certificate, and a host whose certificate need not be good")
    func certificates() async throws {
        try await bringLoopbackUp()
        // Not the loopback, whose certificates are never asked for.
        let host = "192.0.2.77"
        _ = try await run(["ip", "address", "add", "\(host)/32", "dev", "lo"])
        try await undoing(["sh", "-c", "umount /etc/pouch; ip address delete \(host)/32 dev lo"]) {
            try await showCertificates(at: host)
        }
    }

    private func showCertificates(at host: String) async throws {
        try await withDaemon { daemon in
            let address = "\(host):\(Self.port + 1)"
            let folder = "\(daemon.folder)/tls"
            let script = """
                set -e; mkdir "$0"; cd "$0"
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 2
                for who in server client; do
                    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $who.key -out $who.csr -subj /CN=$who
                    printf "subjectAltName=IP:\(host)" >$who.ext
                    openssl x509 -req -in $who.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $who.cert -days 2 -extfile $who.ext
                done
                """
            let made = try await run(["sh", "-c", script, folder])
            #expect(made.status == 0, "\(made)")
            let settings = """
                http:
                  addr: "\(address)"
                  tls: {certificate: \(folder)/server.cert, key: \(folder)/server.key, clientcas: [\(folder)/ca.crt]}
                """
            // The daemon reads certificates when it asks: they can come and go.
            let place = "/etc/pouch/certs.d"
            _ = try await run([
                "sh", "-c", "mkdir -p /etc/pouch && mount -t tmpfs tmpfs /etc/pouch && mkdir -p '\(place)/\(address)'",
            ])
            try await withRegistry(daemon, address, settings) {
                let name = "\(address)/box:1"
                _ = try await pouch(daemon, "tag", "busybox", name)
                let stranger = try await pouch(daemon, "push", "-q", name)
                #expect(stranger.status == 1 && stranger.errors.contains("certificate"), "\(stranger)")
                _ = try await run(["cp", "\(folder)/ca.crt", "\(place)/\(address)/"])
                let unknown = try await pouch(daemon, "push", "-q", name)
                #expect(unknown.status == 1 && unknown.errors.contains("certificate"), "\(unknown)")
                _ = try await run(["cp", "\(folder)/client.cert", "\(place)/\(address)/"])
                let keyless = try await pouch(daemon, "push", "-q", name)
                #expect(keyless.status == 1 && keyless.errors.contains("client.key"), "\(keyless)")
                _ = try await run(["cp", "\(folder)/client.key", "\(place)/\(address)/"])
                let known = try await pouch(daemon, "push", "-q", name)
                #expect(known.status == 0, "\(known)")
                _ = try await pouch(daemon, "rmi", "-f", name)
                let pulled = try await pouch(daemon, "pull", "-q", name)
                #expect(pulled.status == 0, "\(pulled)")
                // Without the authority, but told not to mind.
                _ = try await run(["rm", "\(place)/\(address)/ca.crt"])
                #expect(try await pouch(daemon, "push", "-q", name).status == 1)
                await daemon.end(signal: SIGTERM)
                let careless = try await Daemon.start(
                    in: daemon.folder, flags: ["--insecure-registry", "192.0.2.0/24"])
                let trusted = try await pouch(careless, "push", "-q", name)
                #expect(trusted.status == 0, "\(trusted)")
                await careless.end(signal: SIGTERM)
                try await daemon.start()
            }
        }
    }

    @Test("a mirror is asked first and gets no credentials; the registry is asked for what that does not have")
    func mirrors() async throws {
        try await bringLoopbackUp()
        let (mirror, registry) = ("127.0.0.1:\(Self.port + 2)", "127.0.0.1:\(Self.port + 3)")
        try await withScratchDirectory { folder in
            let settings = "{\"registry-mirrors\": {\"\(registry)\": [\"http://\(mirror)\"]}}"
            try WholeFile.replace("\(folder)/pouchd.json", with: Array(settings.utf8))
            try await withDaemon(flags: ["--config-file", "\(folder)/pouchd.json"]) { daemon in
                try await withRegistry(daemon, mirror, "http: {addr: \"\(mirror)\"}") {
                    try await withRegistry(daemon, registry, "http: {addr: \"\(registry)\"}") {
                        for (name, pushed) in [
                            ("both", "\(mirror)/both:1"), ("both", "\(registry)/both:1"), ("one", "\(registry)/one:1"),
                        ] {
                            _ = try await pouch(daemon, "tag", "busybox", pushed)
                            #expect(try await pouch(daemon, "push", "-q", pushed).status == 0, "\(name)")
                            _ = try await pouch(daemon, "rmi", pushed)
                        }
                        _ = try await pouch(daemon, "rmi", "-f", "busybox")
                        func pulls(_ address: String) throws -> Int {
                            let log = try WholeFile.read("\(daemon.folder)/registry-\(address)/log")
                            return String(decoding: log, as: UTF8.self).split(separator: "\n").count {
                                $0.contains("\"GET /v2/") && $0.contains("/blobs/")
                            }
                        }
                        let before = try pulls(registry)
                        #expect(try await pouch(daemon, "pull", "-q", "\(registry)/both:1").status == 0)
                        #expect(try pulls(mirror) > 0 && pulls(registry) == before)
                        _ = try await pouch(daemon, "rmi", "-f", "\(registry)/both:1")
                        let fallen = try await pouch(daemon, "pull", "-q", "\(registry)/one:1")
                        #expect(try fallen.status == 0 && pulls(registry) > before, "\(fallen)")
                    }
                }
            }
        }
    }

    @Test("search asks a registry's index, with the login, and shows what the filters let pass")
    func search() async throws {
        try await bringLoopbackUp()
        let found = """
            {"num_results": 2, "results": [
            {"name": "team/web", "description": "The web\\nof the team", "star_count": 7, "is_official": true},
            {"name": "team/old", "description": "", "star_count": 1, "is_official": false, "is_automated": true}]}
            """
        let asked = Mutex<[ScriptedDaemon.Request]>([])
        let index = try ScriptedDaemon { request, channel in
            asked.withLock { $0.append(request) }
            channel.answer(request.target.hasPrefix("/v1/search") ? 200 : 404, found)
        }
        try await withDaemon { daemon in
            let term = "127.0.0.1:\(index.port)/team"
            let all = try await pouch(daemon, "search", "--limit", "9", term)
            #expect(all.status == 0, "\(all)")
            let lines = all.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(lines.first == ["NAME", "DESCRIPTION", "STARS", "OFFICIAL"])
            #expect(lines.dropFirst().map { $0[0] } == ["team/web", "team/old"])
            #expect(lines.dropFirst().first?.contains("[OK]") == true)
            let target = asked.withLock { $0.last?.target } ?? ""
            #expect(target.contains("q=team") && target.contains("n=9"), "\(target)")
            for (filter, names) in [("stars=5", "team/web"), ("is-official=false", "team/old"), ("stars=99", "")] {
                let some = try await pouch(daemon, "search", "-f", filter, "--format", "{{.Name}}", term)
                #expect(some.trimmed == names, "\(filter): \(some)")
            }
            let docker = try await daemon.docker(
                "search", "--filter", "is-automated=true", "--format", "{{.Name}}", term)
            #expect(docker.trimmed == "team/old", "\(docker)")
            let few = try await pouch(daemon, "search", "-f", "stars=few", term)
            #expect(few.status == 1 && few.errors.contains("few"), "\(few)")
            let wrong = try await pouch(daemon, "search", "-f", "colour=red", term)
            #expect(wrong.status == 1 && wrong.errors.contains("colour"), "\(wrong)")
        }
    }
}
