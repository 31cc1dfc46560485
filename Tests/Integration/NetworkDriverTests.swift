import Glibc
import TestSupport
import Testing

/// Networks that are no bridge of ours.
@Suite("drivers of networks", .needs(.root, .tool("ip")))
struct NetworkDriverTests {
    @Test("macvlan: a container has a place of its own on the machine's network, also after kill -9 of pouchd")
    func macvlan() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            // Another machine, at the other end of a cable.
            let other = "\(rig.namespace)-lan"
            _ = try await run(["ip", "netns", "add", other])
            func there(_ words: String...) async throws -> CommandResult {
                try await run(["nsenter", "--net=/run/netns/\(other)"] + words)
            }
            for words in [
                ["ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1", "netns", other],
                ["ip", "link", "set", "up0", "up"], ["ip", "address", "add", "10.55.0.2/24", "dev", "up0"],
            ] {
                let done = try await run(["nsenter", "--net=/run/netns/\(rig.namespace)"] + words)
                #expect(done.status == 0, "\(done)")
            }
            _ = try await there(
                "sh", "-c", "ip link set lo up; ip link set up1 up; ip address add 10.55.0.1/24 dev up1")

            let absent = try await daemon.docker(
                "network", "create", "-d", "macvlan", "--subnet", "10.56.0.0/24", "-o", "parent=none0", "broken")
            #expect(absent.status != 0 && absent.errors.contains("none0"), "\(absent)")
            let made = try await daemon.docker(
                "network", "create", "-d", "macvlan", "--subnet", "10.55.0.0/24", "--gateway", "10.55.0.1",
                "--aux-address", "machine=10.55.0.2", "-o", "parent=up0", "lan")
            #expect(made.status == 0, "\(made)")
            _ = try await rig.serve(
                "web", "--network", "lan", "--ip", "10.55.0.9", "--mac-address", "02:42:0a:37:00:09")
            _ = try await rig.serve("second", "--network", "lan")
            #expect(try await rig.address(of: "second", in: "lan") == "10.55.0.3", "the machine's own is set aside")
            func heard() async throws -> String {
                try await there("curl", "-gsm", "2", "--http0.9", "http://10.55.0.9:80/").trimmed
            }
            try await eventually { try await heard() == "I am web" }
            #expect(try await heard() == "I am web")
            let neighbour = try await there("ip", "neighbour", "show", "10.55.0.9")
            #expect(neighbour.output.contains("02:42:0a:37:00:09"), "\(neighbour)")
            #expect(try await rig.ask(from: "second", "web") == "I am web", "by name")
            await daemon.end(signal: 9)
            try await daemon.start()
            #expect(try await heard() == "I am web")
            let restarted = try await daemon.docker("restart", "-t", "0", "web")
            #expect(restarted.status == 0, "\(restarted)")
            try await eventually { try await heard() == "I am web" }
            #expect(try await rig.address(of: "web", in: "lan") == "10.55.0.9")
            _ = try await daemon.docker("rm", "-f", "web", "second")
            let gone = try await daemon.docker("network", "rm", "lan")
            #expect(gone.status == 0, "\(gone)")
            #expect(try await rig.host("ip", "link", "show", "up0").status == 0, "the machine's own link stays")
            _ = try await run(["ip", "netns", "delete", other])
        }
    }

    @Test("host is the machine's network, none is a loopback alone; an MTU is kept to")
    func others() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await rig.host("ip", "link", "add", "mark0", "type", "bridge")
            func links(_ network: String) async throws -> String {
                try await daemon.docker("run", "--rm", "--network", network, "busybox", "ls", "/sys/class/net").trimmed
            }
            #expect(try await links("host").contains("mark0"))
            #expect(try await links("none") == "lo")
            _ = try await daemon.docker("network", "create", "-o", "com.docker.network.driver.mtu=1400", "small")
            let mtu = try await daemon.docker(
                "run", "--rm", "--network", "small", "busybox", "cat", "/sys/class/net/eth0/mtu")
            #expect(mtu.output == "1400\n", "\(mtu)")
            for (words, complaint) in [
                (["--network", "host", "--ip", "10.0.0.1"], "address"),
                (["--network", "none", "--network-alias", "x"], "alias"),
                (["--network", "nowhere"], "nowhere"),
            ] {
                let refused = try await run(
                    ["docker", "run", "--rm"] + words + ["busybox", "true"],
                    environment: ["DOCKER_HOST": daemon.host, "DOCKER_CONFIG": "\(daemon.folder)/docker-config"])
                #expect(refused.status == 125 && refused.errors.contains(complaint), "\(words): \(refused)")
            }
            let driver = try await daemon.docker("network", "create", "-d", "nodriver", "x")
            #expect(driver.status != 0 && driver.errors.contains("nodriver"), "\(driver)")
        }
    }
}
