import TestSupport
import Testing

/// `pouch build`, and what builds must keep to whoever asks.
@Suite("pouch build", .needs(.root))
struct PouchBuildTests {
    @Test("files are copied as Dockerfiles have it: globs, owners, modes, links, archives, here-documents, exceptions")
    func copying() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "copy",
                [
                    "Dockerfile": """
                    FROM busybox
                    RUN echo nobody:x:65534:65534::/:/bin/sh >/etc/passwd; echo www-data:x:33: >/etc/group
                    ENV A=1
                    COPY src/*.c /out/c/
                    COPY --chown=nobody:www-data --chmod=0640 README.md /out/chowned
                    COPY --chown=5:6 src /out/tree
                    COPY ["a b.txt", "/out/with space.txt"]
                    COPY srclink /out/followed
                    ADD inner.tgz /out/unpacked
                    COPY . /out/all/
                    COPY <<EOT <<"RAW" /out/here/
                    value $A
                    EOT
                    raw $A
                    RAW
                    RUN cd /out && find . | sort && stat -c '%n %u:%g %a' chowned tree/main.c unpacked/inner && cat here/*
                    """,
                    ".dockerignore": "**/*.o\nsecret*\n!secret-not\nDockerfile\n", "src/main.c": "m", "src/main.o": "o",
                    "src/deep/d.c": "d", "README.md": "r", "a b.txt": "x", "secret": "s", "secret-not": "n",
                ])
            _ = try await run(
                [
                    "sh", "-ec",
                    "ln -s src srclink; ln -s /etc/passwd evil; mkdir t; echo i >t/inner; chown 1234:1235 t/inner; tar czf inner.tgz -C t .; rm -r t",
                ], directory: folder.path)
            let built = try await daemon.pouch("build", "-t", "copied", folder.path)
            #expect(built.status == 0, "\(built)")
            let all = try await daemon.pouch("run", "--rm", "copied", "sh", "-c", "cd /out; find . | sort")
            #expect(
                all.output == """
                    .
                    ./all
                    ./all/.dockerignore
                    ./all/README.md
                    ./all/a b.txt
                    ./all/evil
                    ./all/inner.tgz
                    ./all/secret-not
                    ./all/src
                    ./all/src/deep
                    ./all/src/deep/d.c
                    ./all/src/main.c
                    ./all/srclink
                    ./c
                    ./c/main.c
                    ./chowned
                    ./followed
                    ./followed/deep
                    ./followed/deep/d.c
                    ./followed/main.c
                    ./here
                    ./here/EOT
                    ./here/RAW
                    ./tree
                    ./tree/deep
                    ./tree/deep/d.c
                    ./tree/main.c
                    ./unpacked
                    ./unpacked/inner
                    ./with space.txt

                    """, "\(all)")
            #expect(
                built.output.contains(
                    "chowned 65534:33 640\ntree/main.c 5:6 644\nunpacked/inner 1234:1235 644\nvalue 1\nraw $A\n"),
                "\(built)")
        }
    }

    @Test("--cache-from takes the steps of those images alone, also of one that came from elsewhere; errors are red")
    func cacheSources() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "cached",
                [
                    "Dockerfile": "FROM busybox\nRUN echo oops >&2; date +%s%N >/stamp\nCOPY f /f\nRUN true\n",
                    "f": "x",
                ])
            let first = try await folder.build("-t", "one")
            #expect(first.status == 0 && first.output.contains("\u{1b}[91moops\n\u{1b}[0m"), "\(first)")
            func reused(_ words: String...) async throws -> Int {
                let built = try await run([Executables.client, "-H", daemon.host, "build"] + words + [folder.path])
                #expect(built.status == 0, "\(built)")
                return built.output.split(separator: "\n").count { $0.contains("Using cache") }
            }
            #expect(try await reused("-t", "two") == 3)
            #expect(try await reused("-t", "three", "--cache-from", "one") == 3)
            #expect(try await reused("-t", "four", "--cache-from", "no-such") == 0)
            #expect(try await reused("-t", "five", "--cache-from", "four") == 3)
            // Nothing but the image is left of the build, as on another machine.
            _ = try await daemon.pouch("save", "-o", "\(daemon.folder)/one.tar", "one")
            _ = try await daemon.pouch("rmi", "-f", "one", "two", "three", "four", "five")
            _ = try await daemon.pouch("system", "prune", "-af")
            _ = try await daemon.importBusybox()
            _ = try await daemon.pouch("load", "-i", "\(daemon.folder)/one.tar")
            #expect(try await reused("-t", "six", "--cache-from", "one") == 3)
            #expect(try await daemon.pouch("run", "--rm", "--network", "none", "six", "cat", "/f").output == "x")
            try folder.write("f", "y")
            #expect(try await reused("-t", "seven", "--cache-from", "one") == 1)
        }
    }

    @Test("a step's mounts are there for the step alone, and a cache for the next one too")
    func mounts() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "mounts",
                [
                    "Dockerfile": """
                    FROM busybox AS other
                    RUN echo from-stage > /made
                    FROM busybox
                    RUN --mount=type=cache,target=/cache,id=c echo once >> /cache/f && wc -l < /cache/f > /lines
                    RUN --mount=type=bind,target=/ctx cat /ctx/here > /bound && ! touch /ctx/x
                    RUN --mount=target=/ctx,rw touch /ctx/x && ls /ctx/x
                    RUN --mount=type=bind,from=other,source=/made,target=/m cat /m >> /bound
                    RUN --mount=type=tmpfs,target=/scratch,size=1m df /scratch | tail -1 | grep -q ' 1024 '
                    RUN --network=none test ! -e /ctx && test ! -e /cache && test ! -e /scratch && test ! -e /m
                    """, "here": "bound\n",
                ])
            let first = try await daemon.pouch("build", "-t", "mounted", folder.path)
            #expect(first.status == 0, "\(first)")
            let second = try await daemon.pouch("build", "--no-cache", "-t", "mounted", folder.path)
            #expect(second.status == 0, "\(second)")
            let seen = try await daemon.pouch("run", "--rm", "mounted", "cat", "/lines", "/bound")
            #expect(seen.output == "2\nbound\nfrom-stage\n", "\(seen)")
        }
    }

    @Test("a volume's directory is there for commands, and what they write in it stays in the image")
    func volumes() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "volumes",
                ["Dockerfile": "FROM busybox\nVOLUME /v/w\nRUN echo kept >/v/w/f\nRUN cat /v/w/f\n"])
            let built = try await daemon.pouch("build", "-t", "voluminous", folder.path)
            #expect(built.output.contains("kept\n"), "\(built)")
            #expect(try await daemon.pouch("run", "--rm", "voluminous", "cat", "/v/w/f").output == "kept\n")
        }
    }

    @Test("with SOURCE_DATE_EPOCH the same files give the same digest, whenever and by whomever")
    func reproducible() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "same",
                ["Dockerfile": "FROM busybox\nWORKDIR /made/here\nCOPY . .\nRUN echo x > y && rm file\n", "file": "f"])
            let first = try await folder.build("-q", "--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1700000000")
            _ = try await run(["touch", "-d", "2001-01-01", "\(folder.path)/file", "\(folder.path)/Dockerfile"])
            let second = try await folder.build("-q", "--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1700000000")
            let third = try await folder.build("-q", "--no-cache")
            #expect(first.output.hasPrefix("sha256:") && first.output == second.output, "\(first) \(second)")
            #expect(third.status == 0 && third.output != first.output)
        }
    }

    @Test("stages that do not wait for each other run at once")
    func parallel() async throws {
        try await withDaemon { daemon in
            // Each waits for the other to have begun: one after the other they would never end.
            let folder = try BuildFolder(
                in: daemon, "parallel",
                [
                    "Dockerfile": """
                    FROM busybox AS left
                    RUN --mount=type=cache,target=/c,id=meet touch /c/left && timeout 20 sh -c 'until [ -e /c/right ]; do sleep 0.05; done'
                    FROM busybox AS right
                    RUN --mount=type=cache,target=/c,id=meet touch /c/right && timeout 20 sh -c 'until [ -e /c/left ]; do sleep 0.05; done'
                    FROM scratch
                    COPY --from=left /bin/busybox /l
                    COPY --from=right /bin/busybox /r
                    """
                ])
            let built = try await daemon.pouch("build", folder.path)
            #expect(built.status == 0, "\(built)")
        }
    }

    @Test("a build whose client goes away, or whose daemon is killed, leaves nothing")
    func interrupted() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "slow", ["Dockerfile": "FROM busybox\nCOPY . /x\nRUN touch /tmp/begun; sleep 600\n"])
            for killsDaemon in [false, true] {
                let client = try await withThread { [host = daemon.host, path = folder.path] in
                    try RunningCommand([Executables.client, "-H", host, "build", "--no-cache", path])
                }
                try await eventually { try await daemon.pouch("ps", "-q").output != "" }
                if killsDaemon {
                    await daemon.end(signal: 9)
                    _ = await withThread { client.finish(timeout: .seconds(20)) }
                    try await daemon.start()
                } else {
                    client.signal(15)
                    _ = await withThread { client.finish(timeout: .seconds(20)) }
                }
                try await eventually { try await folder.leftovers() == "" }
                #expect(try await folder.leftovers() == "", "daemon killed: \(killsDaemon)")
            }
        }
    }

    @Test("a build context reaches nothing outside of itself")
    func hostile() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(in: daemon, "hostile", ["Dockerfile": "FROM busybox\nCOPY evil /taken\n"])
            _ = try await run(
                ["sh", "-c", "echo host >../outside; ln -s ../../outside evil; ln -s / root"], directory: folder.path)
            let link = try await folder.build()
            #expect(link.status == 1 && link.errors.contains("evil: file does not exist"), "\(link)")
            try folder.write("Dockerfile", "FROM busybox\nCOPY root /taken\nRUN ls /taken\n")
            let root = try await folder.build()
            #expect(root.output.contains("Dockerfile\nevil\nroot\n"), "the link's root is the context: \(root)")
            try folder.write("Dockerfile", "FROM busybox\nRUN --mount=target=/m,source=root/etc ls /m\n")
            let mount = try await folder.build()
            #expect(mount.status == 1 && mount.errors.contains("etc: no such file"), "\(mount)")
            let climbing = try await run(
                ["sh", "-c", "tar cPf - Dockerfile ../outside | \(Executables.client) -H \(daemon.host) build -"],
                directory: folder.path)
            #expect(climbing.status == 1 && climbing.errors.contains("leaves its root"), "\(climbing)")
            try folder.write("Dockerfile", "FROM busybox\nCOPY ../outside /taken\n")
            let above = try await folder.build()
            #expect(above.status == 1 && above.errors.contains("forbidden path outside the build context"), "\(above)")
            #expect(try await folder.leftovers() == "")
        }
    }

    @Test("builder prune takes what lies between steps and leaves what has a name")
    func pruning() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "pruned", ["Dockerfile": "FROM busybox\nRUN echo 1 >/1\nRUN echo 2 >/2\nLABEL a=b\n"])
            _ = try await daemon.pouch("build", "-t", "named", folder.path)
            try folder.write("Dockerfile", "FROM busybox\nRUN echo 3 >/3\n")
            _ = try await daemon.pouch("build", folder.path)
            #expect(try await daemon.pouch("images", "-aq").output.split(separator: "\n").count == 5)
            let pruned = try await run(
                [
                    "curl", "-s", "--unix-socket", "\(daemon.folder)/pouchd.sock", "-X", "POST",
                    "http://d/build/prune?all=1",
                ])
            #expect(pruned.output.contains("CachesDeleted"), "\(pruned)")
            #expect(try await daemon.pouch("images", "-aq").output.split(separator: "\n").count == 4)
            #expect(try await daemon.pouch("run", "--rm", "named", "cat", "/1", "/2").output == "1\n2\n")
        }
    }

    @Test("a Dockerfile comes from standard input, from elsewhere, and out of an archive")
    func sources() async throws {
        try await withDaemon { daemon in
            let folder = try BuildFolder(
                in: daemon, "sources", ["here": "h", "sub/Other": "FROM busybox\nCOPY here /\n"])
            let input = try await daemon.pouch("build", "-q", "-", input: "FROM busybox\nRUN echo input\n")
            #expect(input.status == 0, "\(input)")
            let named = try await daemon.pouch("build", "-q", "-f", "\(folder.path)/sub/Other", folder.path)
            #expect(named.status == 0, "\(named)")
            let both = try await daemon.pouch(
                "build", "-f", "-", folder.path, input: "FROM busybox\nCOPY . /all\nRUN ls -A /all | tr '\\n' ' '\n")
            #expect(both.output.contains("here sub"), "\(both)")
            #expect(!both.output.contains(".dockerfile"), "\(both)")
            let none = try await daemon.pouch("build", "\(folder.path)/sub")
            #expect(none.status == 1 && none.errors.contains("has no Dockerfile"), "\(none)")
        }
    }
}
