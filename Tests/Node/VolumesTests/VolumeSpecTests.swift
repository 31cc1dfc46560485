import DiskQuota
import LinuxKernel
import Testing
import Units

@testable import Volumes

/// What the options of a volume mean, and which are none.
@Suite("volume options")
struct VolumeSpecTests {
    @Test("a size in each of its spellings", arguments: ["size", "Size", "opt.size", "opt.Size"])
    func sizes(name: String) throws {
        let spec = try VolumeSpec(driver: "local", [name: "10m", "inodes": "50"], of: "v")
        #expect(spec.limit == QuotaLimit(bytes: .mebibytes(10), inodes: 50))
        #expect(!VolumeSpec.isUnlimited([name: "10m"]))
        #expect(VolumeSpec.isUnlimited(["mount": "/x"]))
    }

    @Test("a tmpfs has 64 MB unless it says otherwise")
    func tmpfs() throws {
        let plain = try VolumeSpec(driver: "tmpfs", [:], of: "v")
        #expect(plain.mount?.options.hasSuffix("size=67108864") == true && plain.limit == nil)
        #expect(
            try VolumeSpec(driver: "tmpfs", ["size": "1m"], of: "v").mount?.options.hasSuffix("size=1048576") == true)
    }

    @Test("mount words become flags, the filesystem's own stay text")
    func flags() {
        let parts = FilesystemMount(type: "nfs", device: "x", options: "ro,addr=1.2.3.4,nosuid,vers=4").parts
        #expect(parts.flags == [.readOnly, .noSUID])
        #expect(parts.data == "addr=1.2.3.4,vers=4")
    }

    @Test(
        "what contradicts itself or is no option is refused",
        arguments: [
            ["nope": "1"], ["size": "0"], ["size": "1m", "opt.size": "2m"], ["mount": "relative"], ["type": "tmpfs"],
            ["device": "x", "size": "1m"], ["device": "x", "mount": "/y"], ["inodes": "0"],
        ])
    func refused(options: [String: String]) {
        #expect(throws: VolumesError.self) { try VolumeSpec(driver: "local", options, of: "v") }
    }

    @Test("tmpfs takes a size and nothing else", arguments: ["mount", "inodes", "type", "device", "o"])
    func tmpfsOptions(name: String) {
        #expect(throws: VolumesError.self) { try VolumeSpec(driver: "tmpfs", [name: "/x"], of: "v") }
    }
}
