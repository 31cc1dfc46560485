import TestSupport
import Testing

@testable import Engine

@Suite("the kernel's table of mounts")
struct MountTableTests {
    private let table = """
        21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
        22 21 0:5 / /dev rw,nosuid shared:2 master:9 - devtmpfs udev rw
        23 21 0:6 / /data rw - tmpfs tmpfs rw
        24 23 0:7 / /data/in\\040side rw master:3 propagate_from:2 - tmpfs tmpfs rw
        25 23 0:8 / /data/twice rw shared:7 - tmpfs tmpfs rw
        26 25 0:9 / /data/twice rw - tmpfs tmpfs rw
        """

    @Test("a path belongs to the deepest mount above it, and to the last of several on one place")
    func found() {
        func peers(_ path: String) -> String {
            MountTable.peers(of: path, in: table).map { "\($0.place) \($0.groups.joined(separator: " "))" } ?? "none"
        }
        #expect(peers("/") == "/ shared:1")
        #expect(peers("/database") == "/ shared:1", "not below /data")
        #expect(peers("/dev/null") == "/dev shared:2 master:9")
        #expect(peers("/data/x") == "/data ")
        #expect(peers("/data/in side/deep") == "/data/in side master:3")
        #expect(peers("/data/twice/x") == "/data/twice ")
        #expect(MountTable.peers(of: "/x", in: "") == nil)
    }

    @Test("no text makes it stumble", arguments: UInt64(0)..<1000)
    func seeded(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes = Array(table.utf8)
        for _ in 0..<20 {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...127, using: &random)
        }
        _ = MountTable.peers(of: "/data/in side/x", in: String(decoding: bytes, as: UTF8.self))
    }
}
