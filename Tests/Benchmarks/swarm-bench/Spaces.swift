import LinuxKernel
import TestSupport

/// A step of a benchmark that did not work.
struct BenchError: Error, CustomStringConvertible {
    let description: String
}

/// Network namespaces on one bridge; the bridge itself is 10.213.78.1, the first namespace 10.213.78.11.
struct Spaces {
    static let bridge = "10.213.78.1"
    let count: Int

    static func address(of number: Int) -> String { "10.213.78.\(11 + number)" }
    static func name(of number: Int) -> String { "bench-\(number)" }
    /// What goes before a program that is to run there.
    static func prefix(of number: Int) -> [String] { ["ip", "netns", "exec", name(of: number)] }

    /// Hides the machine's own named namespaces from this run, which has a mount namespace of its own.
    static func hideOthers() async throws {
        try await sh(
            "set -e; mount --make-rprivate /; mkdir -p /run/netns; mount -t tmpfs -o mode=755 swarm-bench /run/netns")
    }

    /// Makes them; what an earlier row left is removed first.
    init(_ count: Int) async throws {
        self.count = count
        var script = """
            set -e
            for old in $(ip netns list | cut -d' ' -f1 | grep '^bench-'); do ip netns del $old; done
            ip link del swarm0 2>/dev/null || true
            ip link set lo up
            ip link add swarm0 type bridge
            ip addr add \(Self.bridge)/24 dev swarm0
            ip link set swarm0 up

            """
        for number in 0..<count {
            let name = Self.name(of: number)
            script += """
                ip netns add \(name)
                ip link add swarm\(number + 1) type veth peer name eth0 netns \(name)
                ip link set swarm\(number + 1) master swarm0 up
                ip -n \(name) link set lo up
                ip -n \(name) addr add \(Self.address(of: number))/24 dev eth0
                ip -n \(name) link set eth0 up

                """
        }
        try await Self.sh(script)
    }

    /// Limits what each sends and receives, in 10^6 bits per second.
    func shape(up: Int, down: Int?) async throws {
        var script = "set -e\n"
        for number in 0..<count {
            script +=
                "tc -n \(Self.name(of: number)) qdisc add dev eth0 root tbf rate \(up)mbit burst 64k latency 300ms\n"
            if let down {
                script += "tc qdisc add dev swarm\(number + 1) root tbf rate \(down)mbit burst 64k latency 300ms\n"
            }
        }
        try await Self.sh(script)
    }

    static func sh(_ script: String) async throws {
        let result = try await TestSupport.run(["/bin/sh", "-c", script], timeout: .seconds(120))
        guard result.status == 0 else { throw BenchError(description: result.description) }
    }
}
