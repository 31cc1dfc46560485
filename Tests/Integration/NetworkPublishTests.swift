import TestSupport
import Testing

/// Published ports beyond the plain ones, on the real kernel.
@Suite("published ports", .needs(.root, .tool("ip"), .tool("nsenter"), .tool("curl"), .tool("python3")), .serialized)
struct NetworkPublishTests {
    /// Answers each datagram with who answers and from where it came.
    private static let echo = """
        import socket, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", int(sys.argv[1]))); print("ready", flush=True)
        while True:
            text, peer = s.recvfrom(2000); s.sendto(sys.argv[2].encode() + b" " + text, peer)
        """
    private static let ask = """
        import socket, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect((sys.argv[1], int(sys.argv[2])))
        s.send(b"hello"); print(s.recv(2000).decode())
        """

    @Test("UDP: from the machine, from the loopback and from another container")
    func datagrams() async throws {
        try await withNetworkRig { rig in
            let started = try await rig.daemon.pouch(
                "run", "-d", "--name", "web", "-p", "5300:53/udp", "busybox", "sleep", "600")
            #expect(started.status == 0, "\(started)")
            _ = try await rig.daemon.pouch("run", "-d", "--name", "other", "busybox", "sleep", "600")
            try await rig.serving("web", Self.echo, "53", "web")
            for address in ["127.0.0.1", "172.17.0.1"] {
                #expect(
                    try await rig.host("python3", "-c", Self.ask, address, "5300").trimmed == "web hello", "\(address)")
            }
            let other = try await rig.inside("other", "python3", "-c", Self.ask, "172.17.0.1", "5300")
            #expect(other.trimmed == "web hello", "\(other)")
            let tcp = try await rig.daemon.pouch("run", "--rm", "-p", "5300:53", "busybox", "true")
            #expect(tcp.status == 0, "TCP has ports of its own: \(tcp)")
            let taken = try await rig.daemon.pouch("run", "--rm", "-p", "5300:53/udp", "busybox", "true")
            #expect(taken.errors.contains("container web has 5300/udp"), "\(taken)")
        }
    }

    @Test("SCTP: its packets come to the container's port")
    func sctp() async throws {
        // The kernel may have no SCTP of its own: the packets are made and read by hand.
        let listen = """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 132); s.settimeout(20); print("ready", flush=True)
            packet = s.recv(2000); body = packet[(packet[0] & 15) * 4:]; print("port", int.from_bytes(body[2:4], "big"), flush=True)
            """
        let send = """
            import socket, struct, sys
            chunk = struct.pack(">BBHIIHHI", 1, 0, 20, 1, 65536, 1, 1, 1)
            head = struct.pack(">HHI", 4000, 9000, 0)
            crc = 0xffffffff
            for byte in head + b"\\0\\0\\0\\0" + chunk:
                crc ^= byte
                for _ in range(8): crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 132)
            s.sendto(head + struct.pack("<I", crc ^ 0xffffffff) + chunk, (sys.argv[1], 0))
            """
        try await withNetworkRig { rig in
            let started = try await rig.daemon.pouch(
                "run", "-d", "--name", "web", "-p", "9000:36412/sctp", "busybox", "sleep", "600")
            #expect(started.status == 0, "\(started)")
            #expect(try await rig.daemon.pouch("port", "web").trimmed.hasPrefix("36412/sctp -> 0.0.0.0:9000"))
            try await rig.serving("web", listen)
            _ = try await rig.host("python3", "-c", send, "172.17.0.1")
            try await eventually {
                try await run(["sh", "-c", "cat \(rig.daemon.folder)/serving-*"]).output.contains("port 36412")
            }
            #expect(try await run(["sh", "-c", "cat \(rig.daemon.folder)/serving-*"]).output.contains("port 36412"))
        }
    }

    @Test("::1 leads to containers with and without IPv6, also after kill -9 of pouchd")
    func loopbackOfVersionSix() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            _ = try await daemon.pouch("network", "create", "--ipv6", "--subnet", "fd00:77::/64", "six")
            for (name, words) in [("four", ["-p", "8080:80"]), ("six", ["-p", "[::1]:8081:80", "--network", "six"])] {
                let web = try await daemon.pouch(
                    ["run", "-d", "--name", name] + words + [
                        "busybox", "busybox", "nc", "-ll", "-p", "80", "-e", "echo", "I am \(name)",
                    ])
                #expect(web.status == 0, "\(web)")
            }
            #expect(try await rig.untilAnswers("::1", 8080) == "I am four")
            #expect(try await rig.untilAnswers("::1", 8081) == "I am six")
            #expect(try await rig.ask("127.0.0.1", 8080) == "I am four")
            #expect(try await rig.ask("127.0.0.1", 8081) == "", "published on ::1 alone")
            await daemon.end(signal: 9)
            try await daemon.start()
            #expect(try await rig.untilAnswers("::1", 8080) == "I am four")
            _ = try await daemon.pouch("rm", "-f", "four")
            #expect(try await rig.ask("::1", 8080) == "")
        }
    }

    @Test("datagrams to ::1 come to containers, and the answers to those who asked, also after kill -9 of pouchd")
    func datagramsOfVersionSix() async throws {
        // Answers with what it was sent and the asker's port as it is seen there: each asker keeps one.
        let echo = """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("0.0.0.0", 80))
            print("ready", flush=True)
            while True:
                data, who = s.recvfrom(65536)
                s.sendto(data[:9] + b" %d %d" % (len(data), who[1]), who)
            """
        // Two askers in turn; prints how many different ports the server saw for each, and the last answers.
        let ask = """
            import socket
            askers = [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(2)]
            seen = [set(), set()]
            for round in range(3):
                for number, s in enumerate(askers):
                    s.settimeout(2)
                    s.sendto(b"asker %d: " % number + b"x" * 9000 * round, ("::1", 8053))
                    name, size, port = s.recvfrom(100)[0].rsplit(b" ", 2)
                    assert name == b"asker %d: " % number and int(size) == 9 + 9000 * round, (name, size)
                    seen[number].add(port)
            print(len(seen[0]), len(seen[1]), len(seen[0] | seen[1]))
            """
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            let started = try await daemon.pouch(
                "run", "-d", "--name", "echo", "-p", "8053:80/udp", "busybox", "sleep", "600")
            #expect(started.status == 0, "\(started)")
            try await rig.serving("echo", echo)
            let asked = try await rig.host("python3", "-c", ask)
            #expect(asked.output == "1 1 2\n", "\(asked)")
            await daemon.end(signal: 9)
            try await daemon.start()
            let again = try await rig.host("python3", "-c", ask)
            #expect(again.output == "1 1 2\n", "\(again)")
            _ = try await daemon.pouch("rm", "-f", "echo")
            #expect(try await rig.host("python3", "-c", ask).status != 0)
        }
    }

    @Test("ranges, -P and a port that a program of the machine has")
    func ranges() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            let range = try await daemon.pouch(
                "run", "-d", "--name", "range", "-p", "7000-7002:80-82", "--expose", "9000-9001", "-P", "busybox",
                "sleep",
                "600")
            #expect(range.status == 0, "\(range)")
            let ports = try await daemon.pouch("port", "range").output
            for line in ["80/tcp -> 0.0.0.0:7000", "82/tcp -> 0.0.0.0:7002", "9000/tcp -> 0.0.0.0:", "9001/tcp -> "] {
                #expect(ports.contains(line), "\(line) in \(ports)")
            }
            try await rig.servingHere(
                """
                import socket, time
                s = socket.socket(); s.bind(("127.0.0.1", 7777)); s.listen(); print("ready", flush=True); time.sleep(60)
                """)
            let taken = try await daemon.pouch("run", "--rm", "-p", "7777:80", "busybox", "true")
            #expect(taken.status != 0 && taken.errors.contains("a program of this machine has 7777/tcp"), "\(taken)")
        }
    }
}
