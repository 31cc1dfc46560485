import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// Several daemons, a tracker and Debian's docker-registry: images travel between the nodes.
@Suite("images of a pool", .needs(.root, .tool("docker-registry"), .tool("curl")))
struct ImagePoolTests {
    private static let megabytes = 12

    @Test("nodes that pull an image at the same time fetch it from the registry once, and say where it came from")
    func together() async throws {
        try await withImagePool(nodes: 3) { pool in
            let image = try await pool.publish(megabytes: Self.megabytes)
            try await withThrowingTaskGroup(of: CommandResult.self) { group in
                for node in pool.nodes { group.addTask { try await node.pouch("pull", image) } }
                for try await pulled in group { #expect(pulled.status == 0, "\(pulled)") }
            }
            let sizes = try await pool.traffic()
            let layer = sizes.reduce(0) { max($0, $1.origin + $1.received) }
            #expect(layer > Self.megabytes << 20)
            #expect(sizes.reduce(0) { $0 + $1.origin } <= layer + layer / 20, "\(sizes)")
            #expect(sizes.reduce(0) { $0 + $1.received } >= 2 * layer - layer / 20, "\(sizes)")
            #expect(sizes.allSatisfy { $0.wrong == 0 })
            for node in pool.nodes {
                let ran = try await node.pouch("run", "--rm", "--network", "none", image, "ls", "/data")
                #expect(ran.output == "big\n", "\(ran)")
            }
            let explained = try await pool.nodes[2].pouch("distribution", "explain", image)
            #expect(explained.status == 0 && explained.output.contains("complete; from the registry"), "\(explained)")
            let status = try await pool.nodes[2].pouch("distribution", "status")
            #expect(status.output.contains("with mutual TLS") && status.output.contains("complete"), "\(status)")
        }
    }

    @Test("a node that was killed and started again still gives what it had")
    func restart() async throws {
        try await withImagePool(nodes: 2) { pool in
            let image = try await pool.publish(megabytes: Self.megabytes)
            #expect(try await pool.nodes[0].pouch("pull", image).status == 0)
            await pool.nodes[0].end(signal: SIGKILL)
            try await pool.nodes[0].start()
            try await pool.joined()
            #expect(try await pool.nodes[1].pouch("pull", image).status == 0)
            let sizes = try await pool.traffic()
            #expect(sizes[1].origin == 0 && sizes[1].received > Self.megabytes << 20, "\(sizes)")
        }
    }

    @Test("a prewarm brings an image to every node, the canary first, from the registry once")
    func prewarm() async throws {
        try await withImagePool(nodes: 3) { pool in
            let image = try await pool.publish(megabytes: Self.megabytes)
            let warmed = try await pool.prewarm(image, "--batch", "100%", "-w")
            #expect(warmed.status == 0 && warmed.output.contains("finished, 3/3 done"), "\(warmed)")
            let sizes = try await pool.traffic()
            #expect(sizes.reduce(0) { $0 + $1.origin } < (Self.megabytes + 4) << 20, "\(sizes)")
            for node in pool.nodes {
                #expect(try await node.pouch("images", "-q", image).trimmed != "")
            }
            let none = try await pool.prewarm(image, "--nodes", "other-*")
            #expect(none.status == 1 && none.errors.contains("no node of the pool is meant"), "\(none)")
            let missing = try await pool.prewarm("\(pool.registry.authority)/no/such:1", "-w")
            #expect(missing.status == 1 && missing.errors.contains("halted: canary failed: node-1"), "\(missing)")
        }
    }

    @Test("without its tracker a node pulls from the registry", .timeLimit(.minutes(2)))
    func alone() async throws {
        try await withImagePool(nodes: 1) { pool in
            let image = try await pool.publish(megabytes: 1)
            await pool.stopTracker()
            let pulled = try await pool.nodes[0].pouch("pull", image)
            #expect(pulled.status == 0, "\(pulled)")
        }
    }
}
