import TestSupport
import Testing

/// Networks on the real kernel, each test on a machine of its own.
@Suite("networks", .needs(.root, .tool("ip"), .tool("nsenter"), .tool("curl"), .tool("docker")), .serialized)
struct NetworkTests {
    @Test("the default bridge: an address, a way to others, published ports from everywhere")
    func defaultBridge() async throws {
        try await withNetworkRig { rig in
            _ = try await rig.serve("web", "-p", "8080:80")
            _ = try await rig.serve("other")
            #expect(try await rig.address(of: "web") == "172.17.0.2")
            #expect(try await rig.untilAnswers("127.0.0.1", 8080) == "I am web")
            #expect(try await rig.ask("172.17.0.1", 8080) == "I am web")
            #expect(try await rig.ask(from: "other", "172.17.0.2") == "I am web")
            #expect(try await rig.ask(from: "other", "172.17.0.1", 8080) == "I am web", "hairpin from another")
            #expect(try await rig.daemon.docker("port", "web").trimmed.hasPrefix("80/tcp -> 0.0.0.0:8080"))
            let taken = try await rig.daemon.docker("run", "--rm", "-p", "8080:80", "busybox", "true")
            #expect(taken.status == 125 && taken.errors.contains("web has 8080/tcp"), "\(taken)")
            #expect(try await rig.host("cat", "/proc/sys/net/ipv4/ip_forward").trimmed == "1")
        }
    }

    @Test("a container reaches itself through its published port")
    func selfHairpin() async throws {
        try await withNetworkRig { rig in
            // Forks for every connection, so that it can serve itself.
            let started = try await rig.daemon.pouch(
                "run", "-d", "--name", "web", "-p", "8080:80", "busybox", "busybox", "nc", "-ll", "-p", "80", "-e",
                "echo", "I am web")
            #expect(started.status == 0, "\(started)")
            #expect(try await rig.untilAnswers("127.0.0.1", 8080) == "I am web")
            #expect(try await rig.ask(from: "web", "172.17.0.1", 8080) == "I am web")
        }
    }

    @Test(
        "an address stays with its container through stop, kill -9 of pouchd and rename; who wants it is told who has it"
    )
    func fixedAddress() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await daemon.docker("network", "create", "--subnet", "10.77.0.0/24", "lan")
            let fixed = try await daemon.docker(
                "run", "-d", "--name", "fixed", "--network", "lan", "--ip", "10.77.0.50", "busybox", "sleep", "600")
            #expect(fixed.status == 0, "\(fixed)")
            _ = try await daemon.docker("run", "-d", "--name", "sticky", "--network", "lan", "busybox", "sleep", "600")
            let sticky = try await rig.address(of: "sticky", in: "lan")
            #expect(sticky == "10.77.0.2")
            _ = try await daemon.docker("stop", "-t", "0", "fixed", "sticky")
            _ = try await daemon.docker("run", "-d", "--name", "third", "--network", "lan", "busybox", "sleep", "600")
            #expect(try await rig.address(of: "third", in: "lan") == "10.77.0.3")
            let taken = try await daemon.docker(
                "run", "--network", "lan", "--ip", "10.77.0.50", "--name", "late", "busybox", "true")
            #expect(taken.errors.contains("10.77.0.50") && taken.errors.contains("container fixed"), "\(taken)")
            #expect(try await daemon.docker("ps", "-aq", "-f", "name=late").trimmed == "", "nothing half-made is left")
            _ = try await daemon.docker("rename", "fixed", "renamed")
            await daemon.end(signal: 9)
            try await daemon.start()
            #expect(try await rig.address(of: "third", in: "lan") == "10.77.0.3", "it ran on")
            _ = try await daemon.docker("start", "renamed", "sticky")
            #expect(try await rig.address(of: "renamed", in: "lan") == "10.77.0.50")
            #expect(try await rig.address(of: "sticky", in: "lan") == sticky)
            _ = try await daemon.docker("rm", "-f", "renamed")
            let free = try await daemon.docker(
                "run", "--rm", "--network", "lan", "--ip", "10.77.0.50", "busybox", "true")
            #expect(free.status == 0, "\(free)")
        }
    }

    @Test("containers find one another by name and alias, and the name server survives pouchd")
    func names() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await daemon.docker("network", "create", "lan")
            _ = try await rig.serve("web", "--network", "lan", "--network-alias", "shop")
            _ = try await rig.serve("other", "--network", "lan")
            for name in ["web", "shop", "WEB", "web.lan"] {
                #expect(try await rig.ask(from: "other", name) == "I am web", "\(name)")
            }
            await daemon.end(signal: 9)
            try await daemon.start()
            #expect(try await rig.ask(from: "other", "web") == "I am web", "after kill -9")
            _ = try await daemon.docker("rename", "web", "site")
            #expect(try await rig.ask(from: "other", "site") == "I am web")
            let unknown = try await daemon.docker("exec", "other", "busybox", "nslookup", "no.such.host")
            #expect(unknown.status != 0, "\(unknown)")
        }
    }

    @Test("networks are apart; a container can join a second one and leave it while it runs")
    func isolation() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await daemon.docker("network", "create", "red")
            _ = try await daemon.docker("network", "create", "blue")
            _ = try await rig.serve("web", "--network", "red")
            _ = try await rig.serve("other", "--network", "blue")
            let address = try await rig.address(of: "web", in: "red")
            #expect(try await rig.untilAnswers(address, 80) == "I am web", "from the machine")
            #expect(try await rig.ask(from: "other", address) == "")
            let joined = try await daemon.docker("network", "connect", "--ip", "172.18.0.99", "red", "other")
            #expect(joined.status == 0, "\(joined)")
            #expect(try await rig.ask(from: "other", address) == "I am web")
            #expect(try await rig.ask(from: "other", "web") == "I am web")
            #expect(try await rig.address(of: "other", in: "red") == "172.18.0.99")
            let refused = try await daemon.docker("network", "rm", "red")
            #expect(refused.errors.contains("has active endpoints"), "\(refused)")
            _ = try await daemon.docker("network", "disconnect", "red", "other")
            #expect(try await rig.ask(from: "other", address) == "")
            _ = try await daemon.docker("rm", "-f", "web", "other")
            #expect(try await daemon.docker("network", "prune", "-f").output.contains("red"))
            #expect(try await rig.host("ip", "-br", "link").output.contains("br-") == false)
        }
    }

    @Test("another's address is not to be had: neither as source of packets nor in ARP")
    func spoofing() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await rig.serve("web")
            let started = try await daemon.docker(
                "run", "-d", "--name", "thief", "--cap-add", "NET_ADMIN", "busybox", "sleep", "600")
            #expect(started.status == 0, "\(started)")
            #expect(try await rig.untilAnswers("172.17.0.2", 80) == "I am web")
            #expect(try await rig.ask(from: "thief", "172.17.0.2") == "I am web")
            _ = try await daemon.docker(
                "exec", "thief", "sh", "-c",
                "ip addr del 172.17.0.3/16 dev eth0; ip addr add 172.17.0.77/16 dev eth0; ip route add default via 172.17.0.1"
            )
            #expect(try await rig.ask(from: "thief", "172.17.0.2") == "")
            _ = try await daemon.docker(
                "exec", "thief", "sh", "-c",
                "ip addr del 172.17.0.77/16 dev eth0; ip addr add 172.17.0.3/16 dev eth0; ip link set eth0 address 02:00:00:00:00:01"
            )
            #expect(try await rig.ask(from: "thief", "172.17.0.2") == "")
        }
    }

    @Test("IPv6 beside IPv4: addresses, names, ports") func dualStack() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            let made = try await daemon.docker(
                "network", "create", "--ipv6", "--subnet", "fd00:77::/64", "--subnet", "10.78.0.0/24", "six")
            #expect(made.status == 0, "\(made)")
            let web = try await daemon.docker(
                "run", "-d", "--name", "web", "--network", "six", "--ip6", "fd00:77::50", "-p", "8080:80", "busybox",
                "busybox", "nc", "-ll", "-p", "80", "-e", "echo", "I am web")
            #expect(web.status == 0, "\(web)")
            #expect(try await rig.untilAnswers("fd00:77::50", 80) == "I am web")
            #expect(try await rig.ask("fd00:77::1", 8080) == "I am web")
            _ = try await daemon.docker("run", "-d", "--name", "other", "--network", "six", "busybox", "sleep", "600")
            #expect(try await rig.ask(from: "other", "fd00:77::50") == "I am web")
        }
    }

    @Test("a deleted bridge and deleted rules come back with pouchd, and with the next container") func repair()
        async throws
    {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await rig.serve("web", "-p", "8080:80")
            #expect(try await rig.untilAnswers("127.0.0.1", 8080) == "I am web")
            let bridge = try await rig.host("sh", "-c", "ip -br link show type bridge | cut -d' ' -f1").trimmed
            _ = try await rig.host("ip", "link", "delete", bridge)
            _ = try await rig.host("nft", "flush", "ruleset")
            #expect(try await rig.ask("127.0.0.1", 8080) == "")
            _ = try await rig.serve("other")
            #expect(try await rig.untilAnswers("127.0.0.1", 8080) == "I am web", "with the next container")
            _ = try await rig.host("ip", "link", "delete", bridge)
            _ = try await rig.host("nft", "flush", "ruleset")
            await daemon.end(signal: 9)
            try await daemon.start()
            #expect(try await rig.untilAnswers("127.0.0.1", 8080) == "I am web", "with pouchd")
        }
    }

    @Test("an internal network has no way out") func secluded() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await rig.host("ip", "link", "add", "out", "type", "dummy")
            _ = try await daemon.docker("network", "create", "--internal", "cave")
            _ = try await rig.serve("web", "--network", "cave")
            let routes = try await daemon.docker("exec", "web", "ip", "route")
            #expect(!routes.output.contains("default"), "\(routes)")
            _ = try await rig.serve("other")
            let address = try await rig.address(of: "web", in: "cave")
            #expect(try await rig.ask(from: "other", address) == "")
        }
    }
}
