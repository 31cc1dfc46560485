import Glibc
import LinuxKernel
import TestSupport
import Testing

/// What a build gets besides its context: files of the web, repositories, secrets.
@Suite("what a build fetches and is told", .needs(.root, .tool("git"), .tool("python3")))
struct BuildFetchTests {
    /// Runs `body` while `program` serves at a port of the loopback address; gives it that port.
    private func serving(
        _ program: [String], port: Int, in folder: String, _ body: () async throws -> Void
    ) async throws {
        try await bringLoopbackUp()
        let server = try await withThread { () throws(SyscallError) in
            try RunningCommand(["/bin/sh", "-c", "cd \"$0\" && exec \"$@\" >server.log 2>&1", folder] + program)
        }
        let result: Result<Void, any Error>
        do {
            try await eventually {
                try await run(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]).status == 0
            }
            result = .success(try await body())
        } catch { result = .failure(error) }
        // With what it started: git's commands are programs of their own.
        kill(-server.pid, SIGKILL)
        _ = await withThread { server.finish(timeout: .seconds(20)) }
        try result.get()
    }

    @Test("ADD brings a file of the web with its time, checks its digest, and unpacks it only when told")
    func web() async throws {
        try await withDaemon { daemon in
            let port = 41_000 + Int(getpid()) % 9_000
            let site = "\(daemon.folder)/site"
            _ = try await run([
                "sh", "-c", "mkdir \"$0\"; cd \"$0\"; echo web >f.txt; touch -d @1600000000 f.txt; tar cf f.tar f.txt",
                site,
            ])
            let sum = try await run(["sha256sum", "\(site)/f.txt"]).output.prefix { $0 != " " }
            let url = "http://127.0.0.1:\(port)"
            try await serving(["python3", "-m", "http.server", "-b", "127.0.0.1", "\(port)"], port: port, in: site) {
                let folder = try BuildFolder(
                    in: daemon, "web",
                    [
                        "Dockerfile": """
                        FROM busybox
                        ARG SUM
                        ADD --checksum=sha256:${SUM} \(url)/f.txt /to/
                        ADD \(url)/f.txt /named
                        ADD --chmod=755 --chown=5:6 \(url)/f.txt /mode
                        ADD \(url)/f.tar /plain.tar
                        ADD --unpack=true \(url)/f.tar /unpacked/
                        RUN cat /to/f.txt /named /unpacked/f.txt && tar tf /plain.tar && stat -c '%a %u:%g %Y' /named /mode
                        """
                    ])
                let built = try await folder.build("--build-arg", "SUM=\(sum)")
                #expect(built.status == 0, "\(built)")
                #expect(
                    built.output.contains("web\nweb\nweb\nf.txt\n600 0:0 1600000000\n755 5:6 1600000000\n"), "\(built)")
                let again = try await folder.build("--build-arg", "SUM=\(sum)")
                #expect(again.output.split(separator: "\n").count { $0.contains("Using cache") } == 6, "\(again)")
                // What changed there is fetched; what was promised otherwise is refused.
                _ = try await run(["sh", "-c", "echo other >\"$0\"", "\(site)/f.txt"])
                let changed = try await folder.build("--build-arg", "SUM=\(sum)")
                #expect(changed.status == 1 && changed.errors.contains("and sha256:\(sum) was asked for"), "\(changed)")
                for (line, complaint) in [
                    ("ADD \(url)/none /x", "404"), ("ADD \(url)/ /x/", "name it in the destination"),
                    ("ADD --checksum=sha256:12 \(url)/f.txt /x", "--checksum"),
                    ("ADD http://127.0.0.1:1/x /x", "refused"),
                    ("ADD --checksum=sha256:\(sum) Dockerfile /x", "only what is fetched"),
                ] {
                    try folder.write("Dockerfile", "FROM busybox\n\(line)\n")
                    let refused = try await folder.build()
                    #expect(
                        refused.status == 1 && refused.errors.contains("line 2") && refused.errors.contains(complaint),
                        "\(refused)")
                }
                #expect(try await folder.leftovers() == "")
                let imported = try await daemon.pouch(
                    "import", "--platform", "linux/arm64", "--change", "CMD [\"/f.txt\"]", "\(url)/f.tar", "from-web:1")
                #expect(imported.status == 0, "\(imported)")
                let shown = try await daemon.pouch(
                    "inspect", "-f", "{{.Architecture}} {{.Config.Cmd}} {{.Comment}}", "from-web:1")
                #expect(shown.output == "arm64 [/f.txt] Imported from \(url)/f.tar\n", "\(shown)")
                for (address, complaint) in [
                    ("\(url)/none.tar", "404"), ("\(url)/server.log", "archive"), ("http://127.0.0.1:1/", "refused"),
                ] {
                    let refused = try await daemon.pouch("import", address)
                    #expect(refused.status == 1 && refused.errors.contains(complaint), "\(refused)")
                }
                #expect(try await folder.leftovers() == "")
            }
        }
    }

    @Test(
        "ADD brings a repository: a branch, a tag, a commit, a folder, submodules refused by protocol, history when asked"
    )
    func repository() async throws {
        try await withDaemon { daemon in
            let port = 31_000 + Int(getpid()) % 9_000
            let site = "\(daemon.folder)/site"
            let script = """
                set -e; mkdir "$0"; cd "$0"; git init -q -b main app; cd app
                git config user.email a@b; git config user.name n
                mkdir sub; echo one >f; echo inner >sub/g; ln -s /etc/passwd link; git add .; git commit -qm 1; git tag v1
                echo two >f; git commit -qam 2; git checkout -q -b side; echo three >f; git commit -qam 3; git checkout -q main
                git rev-parse v1
                """
            let made = try await run(["sh", "-c", script, site])
            #expect(made.status == 0, "\(made)")
            let first = made.trimmed
            let url = "git://127.0.0.1:\(port)/app"
            let server = [
                "git", "daemon", "--base-path=.", "--export-all", "--reuseaddr", "--listen=127.0.0.1", "--port=\(port)",
            ]
            try await serving(server, port: port, in: site) {
                let folder = try BuildFolder(
                    in: daemon, "git",
                    [
                        "Dockerfile": """
                        FROM busybox
                        ADD \(url) /head
                        ADD \(url)#side /side/
                        ADD --checksum=\(first) \(url)#v1 /tag
                        ADD \(url)#\(first):sub /commit
                        ADD --keep-git-dir=true \(url) /kept
                        ADD \(url)#\(first.prefix(10)) /short
                        RUN cat /head/f /side/f /tag/f /commit/g /short/f; readlink /head/link; ls -A /head | tr '\\n' ' '; test -d /kept/.git
                        """
                    ])
                let built = try await folder.build()
                #expect(built.status == 0, "\(built)")
                #expect(built.output.contains("two\nthree\none\ninner\none\n/etc/passwd\nf link sub "), "\(built)")
                for (line, complaint) in [
                    ("ADD \(url)#nope /x", "no branch, tag or commit nope"),
                    ("ADD \(url)#--upload-pack=x /x", "is no branch"),
                    ("ADD \(url)#v1:none /x", "none"), ("ADD --checksum=\(first) \(url) /x", "was asked for"),
                    ("ADD git://127.0.0.1:\(port)/none /x", "git"),
                ] {
                    try folder.write("Dockerfile", "FROM busybox\n\(line)\n")
                    let refused = try await folder.build()
                    #expect(
                        refused.status == 1 && refused.errors.contains("line 2") && refused.errors.contains(complaint),
                        "\(refused)")
                }
                // A submodule that names a folder of this machine brings nothing of it.
                _ = try await run(
                    [
                        "sh", "-c",
                        "cd \"$0/app\" && git -c protocol.file.allow=always submodule --quiet add \"$0/app\" own && git commit -qm sub",
                        site,
                    ])
                try folder.write("Dockerfile", "FROM busybox\nADD \(url) /x\n")
                let submodule = try await folder.build()
                #expect(
                    submodule.status == 1 && submodule.errors.contains("transport 'file' not allowed"), "\(submodule)")
                try await eventually { try await folder.leftovers() == "" }
                #expect(try await folder.leftovers() == "")
            }
        }
    }

    @Test("a secret is seen by its step alone, as a file or a variable, and is nowhere afterwards")
    func secrets() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "secret",
                [
                    "Dockerfile": """
                    FROM busybox
                    RUN --mount=type=secret,id=key cat /run/secrets/key | md5sum >/seen && stat -c '%a %u' /run/secrets/key
                    RUN --mount=type=secret,id=key,target=/root/k,mode=0444,uid=7 stat -c '%a %u' /root/k && ! echo >>/root/k
                    RUN --mount=type=secret,id=key,env=KEY echo "$KEY" | md5sum >>/seen
                    RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
                    RUN test ! -e /run/secrets && test ! -e /root/k && test -z "$KEY" && cat /seen
                    """
                ])
            let secret = "verysecret\(getpid())value"
            let file = "\(daemon.folder)/key"
            try WholeFile.replace(file, with: Array("\(secret)\n".utf8))
            let built = try await folder.build("-t", "with-secret", "--secret", "id=key,src=\(file)")
            #expect(built.status == 0, "\(built)")
            #expect(built.output.contains("400 0\n") && built.output.contains("444 7\n"), "\(built)")
            let sums = built.output.split(separator: "\n").filter { $0.hasSuffix("  -") }
            #expect(sums.count == 2, "\(built)")
            let found = try await run(
                [
                    "grep", "-rlF", "--", secret, "\(daemon.folder)/data", "\(daemon.folder)/exec",
                    "\(daemon.folder)/pouchd.log",
                ])
            #expect(found.output == "", "\(found)")
            let other = try await run(
                [
                    Executables.client, "-H", daemon.host, "build", "--no-cache", "--secret", "id=key,env=MINE",
                    folder.path,
                ],
                environment: ["MINE": secret])
            #expect(other.status == 0 && other.output.contains(sums.first ?? "none"), "\(other)")
            try folder.write("Dockerfile", "FROM busybox\nRUN --mount=type=secret,id=key,required true\n")
            let without = try await folder.build()
            #expect(
                without.status == 1 && without.errors.contains("secret key: not found: give it with --secret"),
                "\(without)")
            for (flag, complaint) in [
                ("src=x", "an id is missing"), ("id=a,src=/none", "No such"), ("id=a,env=NO", "no variable NO"),
                ("id=a,x=y", "unexpected key x"),
            ] {
                let refused = try await folder.build("--secret", flag)
                #expect(refused.status == 1 && refused.errors.contains(complaint), "\(refused)")
            }
        }
    }
}
