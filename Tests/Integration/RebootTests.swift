import Glibc
import LinuxKernel
import TestSupport
import Testing

/// A machine that loses its power and comes back: all processes, mounts, links and rules are gone, the disk is as it was.
@Suite("after a reboot", .needs(.root))
struct RebootTests {
    /// Makes a machine of fresh namespaces, with an exec root in memory as /run is.
    private static let boot =
        "mount --make-rprivate / && mkdir -p \"$0\" && mount -t tmpfs tmpfs \"$0\" && ip link set lo up && \"$@\"; true"

    private func withMachine(_ body: (Daemon) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            let prefix = [
                "unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc",
                "sh", "-c", Self.boot, "\(folder)/exec",
            ]
            let machine = try await Daemon.start(in: folder, prefix: prefix)
            do {
                try await machine.importBusybox()
                try await body(machine)
                try await powerOff(machine)
            } catch {
                try? await powerOff(machine)
                throw error
            }
            // The last power-off takes a moment to be through.
            try await eventually { loopDevices(below: folder).isEmpty }
            #expect(loopDevices(below: folder) == [])
        }
    }

    /// Not as others stop: unshare(1) hears no SIGTERM while its child runs.
    private func powerOff(_ machine: Daemon) async throws {
        let left = try? await machine.pouch("ps", "-aq")
        for id in (left?.output ?? "").split(separator: "\n") { _ = try? await machine.pouch("rm", "-f", String(id)) }
        await machine.end(signal: SIGKILL)
        try await removeGroups(of: machine.cgroupParent)
    }

    private func addresses(_ machine: Daemon, _ name: String) async throws -> String {
        let format =
            "{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}} {{$e.GlobalIPv6Address}} {{$e.MacAddress}};{{end}}"
        return try await machine.pouch("inspect", "-f", format, name).trimmed
    }

    @Test("networks, addresses, names, volumes, limits and states come back")
    func powerLoss() async throws {
        try await withMachine { machine in
            func must(_ words: String...) async throws -> String {
                let result = try await machine.pouch(words)
                #expect(result.status == 0, "\(words): \(result)")
                return result.trimmed
            }
            _ = try await must(
                "network", "create", "--ipv6", "--subnet", "10.99.0.0/24", "--subnet", "fd00:99::/64", "--label", "a=b",
                "team")
            let serve = "exec busybox nc -ll -p 80 -e cat /data/kept"
            _ = try await must(
                "run", "-d", "--name", "old", "--restart", "always", "--network", "team", "--ip", "10.99.0.77", "--ip6",
                "fd00:99::77", "--mac-address", "02:42:0a:63:00:4d", "--network-alias", "web", "-p", "8080:80", "-v",
                "kept:/data", "busybox", "sh", "-c", "[ -e /data/kept ] || echo from the volume >/data/kept; \(serve)")
            _ = try await must("rename", "old", "fixed")
            _ = try await must("run", "-d", "--name", "sticky", "--network", "team", "busybox", "sleep", "600")
            _ = try await must("network", "connect", "--ip", "172.17.0.99", "bridge", "sticky")
            _ = try await must(
                "run", "-d", "--name", "limited", "--network", "none", "--disk-quota", "20m", "busybox", "sh", "-c",
                "echo written >>/mine; cat /mine; sleep 600")
            _ = try await must("create", "--name", "never", "--ip", "172.17.0.50", "busybox", "true")
            let fixed = try await addresses(machine, "fixed")
            let sticky = try await addresses(machine, "sticky")
            #expect(fixed.contains("10.99.0.77 fd00:99::77 02:42:0a:63:00:4d"))
            let networks = try await must("network", "inspect", "team")

            // Twice, the second time with everything stopped that does not restart by itself.
            for boot in 1...2 {
                await machine.end(signal: SIGKILL)
                try await machine.start()
                try await eventually { try await machine.pouch("ps", "-q", "-f", "name=fixed").output != "" }
                let states = try await must("ps", "-a", "--format", "{{.Names}} {{.State}}").split(separator: "\n")
                #expect(
                    Set(states) == ["fixed running", "sticky exited", "limited exited", "never created"],
                    "boot \(boot): \(states)")
                #expect(try await addresses(machine, "fixed") == fixed, "boot \(boot)")
                let inspected = try await must("network", "inspect", "team")
                for line in networks.split(separator: "\n")
                where line.contains("\"Id\"") || line.contains("ubnet") || line.contains("\"a\"") {
                    #expect(inspected.contains(line), "boot \(boot): \(inspected)")
                }
                let taken = try await machine.pouch("create", "--network", "team", "--ip", "10.99.0.77", "busybox")
                #expect(taken.status != 0 && taken.errors.contains("fixed"), "boot \(boot): \(taken)")
                let alsoTaken = try await machine.pouch("create", "--ip", "172.17.0.50", "busybox")
                #expect(alsoTaken.status != 0 && alsoTaken.errors.contains("never"), "boot \(boot): \(alsoTaken)")
                _ = try await must("start", "sticky")
                #expect(try await addresses(machine, "sticky") == sticky, "boot \(boot)")
                for name in ["fixed", "web", "10.99.0.77"] {
                    let heard = try await must("exec", "sticky", "sh", "-c", "echo | nc -w 3 \(name) 80")
                    #expect(heard == "from the volume", "boot \(boot)")
                }
                // Through the published port, at the bridge's own address.
                let published = try await must("exec", "sticky", "sh", "-c", "echo | nc -w 3 172.17.0.1 8080")
                #expect(published == "from the volume", "boot \(boot)")
                _ = try await must("start", "limited")
                try await eventually {
                    try await machine.pouch("logs", "limited").output.split(separator: "\n").count > boot
                }
                let size = try await must("exec", "limited", "sh", "-c", "wc -l </mine; df -k / | awk 'END{print $2}'")
                #expect(size == "\(boot + 1)\n20480", "boot \(boot): the layer and its limit are as they were")
            }
            #expect(try await machine.pouch("system", "check").status == 0)
        }
    }
}
