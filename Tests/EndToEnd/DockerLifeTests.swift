import JSON
import TestSupport
import Testing

/// The docker CLI, unmodified, against pouchd: the verbs on containers that are there.
@Suite("docker on containers", .needs(.root, .tool("docker")))
struct DockerLifeTests {
    @Test("ps, logs -f, inspect, stop, start, restart, kill, wait, rm, rename")
    func lifecycle() async throws {
        try await withDaemon { daemon in
            let script =
                "trap 'echo bye; exit 5' TERM; i=0; while [ $i -lt 3 ]; do echo line $i; i=$((i+1)); done; while :; do sleep 0.05; done"
            let id = try await daemon.docker(
                "run", "-d", "--name", "one", "--network", "none", "busybox", "sh", "-c", script
            ).trimmed
            #expect(id.count == 64)
            #expect(try await daemon.docker("ps", "--format", "{{.Names}} {{.State}}").trimmed == "one running")
            let follower = try await withThread { [host = daemon.host] () throws in
                try RunningCommand(["docker", "-H", host, "logs", "-f", "one"])
            }
            let first = await withThread { follower.readOutput(until: "line 2\n") }
            #expect(first.hasSuffix("line 0\nline 1\nline 2\n"), "\(first)")
            #expect(
                try await daemon.docker("inspect", "-f", "{{.State.Status}} {{.Name}}", id).trimmed == "running /one")

            #expect(try await daemon.docker("stop", "-t", "10", "one").status == 0)
            let rest = await withThread { follower.finish() }
            #expect(rest.output.hasSuffix("bye\n"), "the follower ends with the container: \(rest)")
            #expect(try await daemon.docker("wait", "one").trimmed == "5")
            #expect(try await daemon.docker("start", "one").status == 0)
            #expect(try await daemon.docker("restart", "-t", "1", "one").status == 0)
            #expect(try await daemon.docker("kill", "one").status == 0)
            #expect(try await daemon.docker("wait", "one").trimmed == "137")
            #expect(try await daemon.docker("rename", "one", "two").status == 0)
            #expect(try await daemon.docker("rm", "two").status == 0)
            let gone = try await daemon.docker("inspect", "two")
            #expect(gone.status == 1)
            #expect(gone.errors.lowercased().contains("no such object: two"), "\(gone)")
        }
    }

    @Test("exec runs beside the container's process and gives its own exit code")
    func exec() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.docker(
                "run", "-d", "--name", "host", "--network", "none", "-e", "A=1", "busybox", "sleep", "600")
            let seen = try await daemon.docker(
                "exec", "-i", "-e", "B=2", "-w", "/tmp", "host", "sh", "-c", "echo $A$B; pwd; cat; exit 4",
                input: "in\n")
            #expect(seen.output == "12\n/tmp\nin\n", "\(seen)")
            #expect(seen.status == 4)
            let missing = try await daemon.docker("exec", "host", "nope")
            #expect(missing.status == 127 || missing.status == 126, "\(missing)")
            #expect(try await daemon.docker("exec", "-d", "host", "touch", "/tmp/detached").status == 0)
            let user = try await daemon.docker("exec", "-u", "1000", "host", "id", "-u")
            #expect(user.trimmed == "1000")
        }
    }

    @Test("attach joins the streams; pause holds the container still")
    func attachAndPause() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.docker("run", "-d", "-i", "--name", "echoing", "--network", "none", "busybox", "cat")
            let attached = try await withThread { [host = daemon.host] () throws in
                try RunningCommand(["docker", "-H", host, "attach", "echoing"], hasInput: true)
            }
            let echoed = await withThread {
                attached.write("through\n")
                return attached.readOutput(until: "through\n")
            }
            #expect(echoed == "through\n")
            // Detached input leaves the container alone; its end ends the attachment.
            #expect(try await daemon.docker("kill", "echoing").status == 0)
            #expect(await withThread { attached.finish() }.timedOut == false)
            _ = try await daemon.docker("run", "-d", "--name", "still", "--network", "none", "busybox", "sleep", "600")
            #expect(try await daemon.docker("pause", "still").status == 0)
            #expect(
                try await daemon.docker("ps", "--filter", "name=still", "--format", "{{.Status}}").output.contains(
                    "(Paused)"))
            #expect(try await daemon.docker("unpause", "still").status == 0)
        }
    }

    @Test("cp, diff, commit, export, import, save, load, tag, rmi, history")
    func files() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.docker(
                "run", "--name", "changed", "--network", "none", "busybox", "sh", "-c",
                "echo new > /etc/new; rm /etc/group")
            #expect(
                try await daemon.docker("diff", "changed").output.split(separator: "\n").sorted() == [
                    "A /etc/new", "C /etc", "D /etc/group",
                ])
            #expect(try await daemon.docker("cp", "changed:/etc/new", "\(daemon.folder)/copied").status == 0)
            #expect(try await run(["cat", "\(daemon.folder)/copied"]).output == "new\n")
            #expect(try await daemon.docker("cp", "\(daemon.folder)/copied", "changed:/root/back").status == 0)
            let committed = try await daemon.docker("commit", "-m", "changed it", "changed", "mine:v1")
            #expect(committed.status == 0, "\(committed)")
            let back = try await daemon.docker(
                "run", "--rm", "--network", "none", "mine:v1", "sh", "-c", "cat /root/back; ls /etc/group")
            #expect(back.output == "new\n", "\(back)")
            #expect(
                try await daemon.docker("history", "--format", "{{.Comment}}", "mine:v1").output.contains("changed it"))

            let archive = "\(daemon.folder)/saved.tar"
            #expect(try await daemon.docker("save", "-o", archive, "mine:v1").status == 0)
            let id = try await daemon.docker("inspect", "-f", "{{.Id}}", "mine:v1").trimmed
            let other = try await daemon.pouch("rmi", "--platform", "linux/s390x", "mine:v1")
            #expect(other.status == 1 && other.errors.contains("linux/s390x"), "\(other)")
            #expect(try await daemon.pouch("history", "-q", "--platform", "linux/s390x", "mine:v1").status == 1)
            let nonsense = try await daemon.pouch("history", "--platform", "a/b/c/d", "mine:v1")
            #expect(nonsense.status == 1 && nonsense.errors.contains("a/b/c/d"), "\(nonsense)")
            let history = try await daemon.pouch("history", "--platform", "linux/amd64", "mine:v1")
            #expect(history.status == 0 && history.output.contains("changed it"), "\(history)")
            #expect(try await daemon.docker("rmi", "mine:v1").status == 0)
            #expect(try await daemon.docker("load", "-i", archive).output.contains("mine:v1"))
            #expect(try await daemon.docker("inspect", "-f", "{{.Id}}", "mine:v1").trimmed == id)

            #expect(try await daemon.docker("export", "-o", "\(daemon.folder)/flat.tar", "changed").status == 0)
            #expect(try await daemon.docker("import", "\(daemon.folder)/flat.tar", "flat:latest").status == 0)
            #expect(try await daemon.docker("tag", "flat:latest", "other:name").status == 0)
            #expect(
                try await daemon.docker("images", "--format", "{{.Repository}}:{{.Tag}}").output.contains("other:name"))
        }
    }

    @Test("top, stats, update, events, info, version, system df")
    func views() async throws {
        try await withDaemon { daemon in
            _ = try await daemon.docker(
                "run", "-d", "--name", "seen", "--network", "none", "-m", "64m", "busybox", "sleep", "600")
            #expect(try await daemon.docker("top", "seen").output.contains("sleep 600"))
            let stats = try await daemon.docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}} {{.PIDs}}")
            #expect(stats.output.contains("seen") && stats.output.contains("/ 64MiB"), "\(stats)")
            #expect(try await daemon.docker("update", "-m", "96m", "--memory-swap", "-1", "seen").status == 0)
            #expect(try await daemon.docker("inspect", "-f", "{{.HostConfig.Memory}}", "seen").trimmed == "100663296")
            #expect(try await daemon.docker("rm", "-f", "seen").status == 0)
            // The docker CLI cuts durations to whole seconds, so the end is the next second.
            let now = try #require(Int(try await run(["date", "+%s"]).trimmed))
            let events = try await daemon.docker(
                "events", "--since", "10m", "--until", "\(now + 1)", "--format", "{{.Type}} {{.Action}}")
            for expected in [
                "container create", "container start", "container update", "container die", "container destroy",
            ] {
                #expect(events.output.contains(expected), "\(expected) in \(events)")
            }
            let info = try await daemon.docker("info", "--format", "{{.Driver}} {{.CgroupVersion}}")
            #expect(info.output.hasPrefix("overlay"), "\(info)")
            #expect(try await daemon.docker("version", "--format", "{{.Server.APIVersion}}").status == 0)
            #expect(try await daemon.docker("system", "df").output.contains("Images"))
        }
    }
}
