import TestSupport
import Testing

/// The docker CLI, unmodified, against pouchd: starting containers and talking to them.
@Suite("docker run", .needs(.root, .tool("docker")))
struct DockerRunTests {
    @Test("foreground run prints the output and gives the container's exit code")
    func foreground() async throws {
        try await withDaemon { daemon in
            let hello = try await daemon.docker("run", "--rm", "--network", "none", "busybox", "echo", "hello")
            #expect(hello.output == "hello\n", "\(hello)")
            let seven = try await daemon.docker(
                "run", "--rm", "--network", "none", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7")
            #expect(seven.status == 7, "\(seven)")
            #expect(seven.output == "out\n")
            #expect(seven.errors == "err\n")
            #expect(try await daemon.docker("ps", "-aq").output == "", "--rm leaves nothing")
        }
    }

    @Test("a missing program gives 127, one that cannot be executed 126, bad options 125")
    func exitCodes() async throws {
        try await withDaemon { daemon in
            let missing = try await daemon.docker("run", "--rm", "--network", "none", "busybox", "/no/such/program")
            #expect(missing.status == 127, "\(missing)")
            let directory = try await daemon.docker("run", "--rm", "--network", "none", "busybox", "/etc")
            #expect(directory.status == 126, "\(directory)")
            let runtime = try await daemon.docker(
                "run", "--rm", "--network", "none", "--runtime", "nope", "busybox", "true")
            #expect(runtime.status == 125, "\(runtime)")
        }
    }

    @Test("environment, working directory, user, hostname and standard input arrive")
    func options() async throws {
        try await withDaemon { daemon in
            let seen = try await daemon.docker(
                "run", "--rm", "-i", "--network", "none", "-e", "COLOUR=blue", "-w", "/srv/new", "-u", "1000:1000",
                "--hostname",
                "box", "busybox", "sh", "-c", "echo $COLOUR; pwd; id -u; id -g; hostname; cat", input: "typed\n")
            #expect(seen.output == "blue\n/srv/new\n1000\n1000\nbox\ntyped\n", "\(seen)")
        }
    }

    @Test("bind mounts, tmpfs and a read-only root do what they say")
    func mounts() async throws {
        try await withDaemon { daemon in
            let bind = try await daemon.docker(
                "run", "--rm", "--network", "none", "-v", "\(daemon.folder):/mine:ro", "--tmpfs", "/scratch:size=1m",
                "--read-only",
                "busybox", "sh", "-c",
                "ls /mine/pouchd.log; touch /mine/x 2>&1; touch /y 2>&1; touch /scratch/ok && echo written; df -k /scratch | tail -1"
            )
            #expect(bind.output.contains("/mine/pouchd.log"), "\(bind)")
            #expect(bind.output.contains("touch: /mine/x: Read-only file system"), "\(bind)")
            #expect(bind.output.contains("touch: /y: Read-only file system"), "\(bind)")
            #expect(bind.output.contains("written"), "\(bind)")
            #expect(bind.output.contains("1024"), "\(bind)")
        }
    }

    @Test("limits reach the kernel", .needs(.cgroupV1))
    func limits() async throws {
        try await withDaemon { daemon in
            let started = try await daemon.docker(
                "run", "-d", "--name", "limited", "--network", "none", "-m", "64m", "--pids-limit", "50", "--cpus",
                "0.5",
                "--cpu-shares", "512", "busybox", "sleep", "600")
            #expect(started.status == 0, "\(started)")
            let id = started.trimmed
            let group = "\(daemon.cgroupParent)/\(id)"
            func read(_ controller: String, _ file: String) async throws -> String {
                try await run(["cat", "/sys/fs/cgroup/\(controller)\(group)/\(file)"]).trimmed
            }
            #expect(try await read("memory", "memory.limit_in_bytes") == "67108864")
            #expect(try await read("pids", "pids.max") == "50")
            #expect(try await read("cpu", "cpu.cfs_quota_us") == "50000")
            #expect(try await read("cpu", "cpu.shares") == "512")
        }
    }

    @Test("a terminal is a terminal: run -it and exec -it under a pty of our own")
    func terminals() async throws {
        try await withDaemon { daemon in
            let shell = "docker -H \(daemon.host) run --rm -it --network none busybox sh -c 'tty; stty size; exit 3'"
            let typed = try await run(["script", "-qec", shell, "/dev/null"])
            #expect(typed.status == 3, "\(typed)")
            #expect(typed.output.contains("/dev/pts/0") || typed.output.contains("/dev/console"), "\(typed)")
            _ = try await daemon.docker("run", "-d", "--name", "tty", "--network", "none", "busybox", "sleep", "600")
            let inside = try await run(["script", "-qec", "docker -H \(daemon.host) exec -it tty tty", "/dev/null"])
            #expect(inside.output.contains("/dev/pts/"), "\(inside)")
        }
    }
}
