import TestSupport
import Testing

/// Who gets which address, on the real kernel.
@Suite("addresses of networks", .needs(.root, .tool("ip"), .tool("nsenter")), .serialized)
struct NetworkAddressTests {
    @Test("a range, set-aside addresses and a gateway of one's own are kept to; a full network says so")
    func plan() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            let made = try await daemon.pouch(
                "network", "create", "--subnet", "10.9.0.0/24", "--ip-range", "10.9.0.64/30", "--gateway", "10.9.0.66",
                "--aux-address", "printer=10.9.0.65", "lan")
            #expect(made.status == 0, "\(made)")
            for (name, address) in [("first", "10.9.0.64"), ("second", "10.9.0.67")] {
                let started = try await daemon.pouch(
                    "run", "-d", "--name", name, "--network", "lan", "busybox", "sleep", "600")
                #expect(started.status == 0, "\(started)")
                #expect(try await rig.address(of: name, in: "lan") == address)
            }
            let routes = try await daemon.pouch("exec", "first", "ip", "route").output
            #expect(routes.contains("default via 10.9.0.66"), "\(routes)")
            #expect(
                try await daemon.pouch("exec", "first", "busybox", "ping", "-c", "1", "-W", "2", "10.9.0.66").status
                    == 0)
            let full = try await daemon.pouch("run", "--rm", "--network", "lan", "busybox", "true")
            #expect(full.status == 125 && full.errors.contains("lan") && full.errors.contains("address"), "\(full)")
            #expect(
                try await daemon.pouch("ps", "-aq", "--filter", "status=created").trimmed == "", "nothing half-made")
            for (address, holder) in [("10.9.0.65", "set aside as printer"), ("10.9.0.66", "is its gateway")] {
                let taken = try await daemon.pouch(
                    "run", "--rm", "--network", "lan", "--ip", address, "busybox", "true")
                #expect(taken.errors.contains(holder), "\(taken)")
            }
            // By its number an address outside of the range is to be had.
            let outside = try await daemon.pouch(
                "run", "--rm", "--network", "lan", "--ip", "10.9.0.200", "busybox", "ip", "-4", "addr", "show", "eth0")
            #expect(outside.output.contains("10.9.0.200/24"), "\(outside)")
        }
    }

    @Test("kill -9 of pouchd while containers come and go leaks no address")
    func noLeak() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            // Five addresses: one that leaked would soon be missed.
            _ = try await daemon.pouch("network", "create", "--subnet", "10.9.0.0/29", "small")
            for round in 0..<6 {
                async let starts: Void = {
                    for _ in 0..<4 {
                        _ = try await daemon.pouch("run", "--rm", "--network", "small", "busybox", "true")
                    }
                }()
                try await Task.sleep(for: .milliseconds(60 + 90 * round))
                await daemon.end(signal: 9)
                _ = try? await starts
                try await daemon.start()
            }
            for id in try await daemon.pouch("ps", "-aq").output.split(separator: "\n") {
                _ = try await daemon.pouch("rm", "-f", String(id))
            }
            for number in 0..<5 {
                let started = try await daemon.pouch(
                    "run", "-d", "--name", "c\(number)", "--network", "small", "busybox", "sleep", "600")
                #expect(started.status == 0, "\(started)")
            }
        }
    }

    @Test("a link-local address beside the given one")
    func linkLocal() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await daemon.pouch("network", "create", "lan")
            _ = try await rig.serve("web", "--network", "lan", "--link-local-ip", "169.254.8.8")
            _ = try await daemon.pouch(
                "run", "-d", "--name", "other", "--network", "lan", "--link-local-ip", "169.254.8.9", "busybox",
                "sleep",
                "600")
            #expect(try await rig.ask(from: "other", "169.254.8.8") == "I am web")
            let bad = try await daemon.pouch(
                "run", "--rm", "--network", "lan", "--link-local-ip", "10.0.0.1", "busybox")
            #expect(bad.errors.contains("169.254.0.0/16"), "\(bad)")
        }
    }
}
