import Archives
import Glibc
import LinuxKernel
import TestSupport
import Testing

@Suite("Hostile archives", .needs(.root))
struct HostileArchiveTests {
    /// A place with a victim beside the root that is unpacked into.
    private struct Place {
        let directory: String
        var root: String { directory + "/root" }
        var victim: String { directory + "/victim" }

        init(_ directory: String) throws {
            self.directory = directory
            try Files.makeDirectory(root, mode: 0o755)
            try Files.makeDirectory(victim, mode: 0o700)
            try WholeFile.replace(victim + "/secret", with: Array("untouched".utf8), mode: 0o600)
        }

        func unpack(_ tar: HandmadeTar, _ options: ExtractionOptions = .layer) throws {
            _ = try TreeExtractor.extract(ArraySource(tar.ended), into: try Tree(path: root), options: options)
        }

        /// Nothing outside the root was made, changed or removed.
        func expectUntouched(_ comment: Comment? = nil) throws {
            #expect(try Files.list(directory) == ["root", "victim"], comment)
            #expect(try Files.list(victim) == ["secret"], comment)
            #expect(try WholeFile.read(victim + "/secret") == Array("untouched".utf8), comment)
            let status = try Files.status(victim + "/secret")
            #expect(status.mode & 0o7777 == 0o600 && status.owner == 0, comment)
            #expect(try Files.status(victim).mode & 0o7777 == 0o700, comment)
        }
    }

    @Test(
        "a name that climbs out of the root is refused",
        arguments: ["../victim/secret", "a/../../victim/secret", "/../victim/secret", "./../victim/x", ".."])
    func climbing(name: String) throws {
        try withPlace { place in
            var tar = HandmadeTar()
            tar.file(name, "evil")
            #expect(throws: ArchiveError.self) { try place.unpack(tar) }
            try place.expectUntouched()
        }
    }

    @Test("an absolute name lands inside the root")
    func absolute() throws {
        try withPlace { place in
            var tar = HandmadeTar()
            tar.file("/victim/secret", "evil")
            try place.unpack(tar)
            #expect(try WholeFile.read(place.root + "/victim/secret") == Array("evil".utf8))
            try place.expectUntouched()
        }
    }

    @Test("a link out of the root leads nowhere, whatever is then put through it", arguments: ["abs", "rel", "chain"])
    func throughLink(kind: String) throws {
        try withPlace { place in
            var tar = HandmadeTar()
            switch kind {
            case "abs": tar.link("out", to: place.victim)
            case "rel": tar.link("out", to: "../../../../../../../../../.." + place.victim)
            default:
                tar.link("one", to: "..")
                tar.link("two", to: "one/..")
                tar.link("out", to: "two/victim")
            }
            var write = tar
            write.file("out/secret", "evil")
            #expect(throws: ArchiveError.self) { try place.unpack(write) }
            try place.expectUntouched(Comment(rawValue: kind))
            var describe = tar
            describe.directory("out/", mode: 0o777)
            try place.unpack(describe)
            try place.expectUntouched(Comment(rawValue: kind))
            var link = tar
            link.hardLink("stolen", to: "out/secret")
            #expect(throws: ArchiveError.self) { try place.unpack(link) }
            try place.expectUntouched(Comment(rawValue: kind))
            #expect(!Files.exists(place.root + "/stolen"))
        }
    }

    @Test("a link inside the root to inside the root is followed inside the root")
    func innerLink() throws {
        try withPlace { place in
            var tar = HandmadeTar()
            tar.directory("usr/lib/")
            tar.link("lib", to: "/usr/lib")
            tar.file("lib/x", "here")
            try place.unpack(tar)
            #expect(try WholeFile.read(place.root + "/usr/lib/x") == Array("here".utf8))
            try place.expectUntouched()
        }
    }

    @Test("a file entry replaces a link instead of writing through it")
    func overLink() throws {
        try withPlace { place in
            var tar = HandmadeTar()
            tar.link("file", to: place.victim + "/secret")
            tar.file("file", "evil", mode: 0o777)
            try place.unpack(tar)
            #expect(try Files.status(place.root + "/file", following: false).isRegular)
            try place.expectUntouched()
        }
    }

    @Test("a hard link that climbs is refused, and one to a link makes one more link")
    func hardLinks() throws {
        try withPlace { place in
            var climbing = HandmadeTar()
            climbing.hardLink("x", to: "../victim/secret")
            #expect(throws: ArchiveError.self) { try place.unpack(climbing) }
            var toLink = HandmadeTar()
            toLink.link("l", to: place.victim + "/secret")
            toLink.hardLink("h", to: "l")
            toLink.file("h", "evil")
            try place.unpack(toLink)
            try place.expectUntouched()
        }
    }

    @Test("whiteouts with impossible names are refused", arguments: [".wh.", ".wh..", ".wh...", "a/.wh..."])
    func whiteouts(name: String) throws {
        try withPlace { place in
            var tar = HandmadeTar()
            tar.directory("a/")
            tar.file(name)
            #expect(throws: ArchiveError.self) { try place.unpack(tar) }
            try place.expectUntouched()
        }
    }

    @Test("an archive cannot set overlayfs's own attributes")
    func overlayAttributes() throws {
        try withPlace { place in
            var tar = HandmadeTar()
            tar.extended([
                ("SCHILY.xattr.trusted.overlay.redirect", "/victim"), ("SCHILY.xattr.trusted.overlay.opaque", "y"),
                ("SCHILY.xattr.user.mine", "kept"),
            ])
            tar.directory("d/")
            try place.unpack(tar)
            let names = try TreePicture.of(place.root).joined()
            #expect(!names.contains("overlay") && names.contains("user.mine=kept"))
        }
    }

    @Test("more content than was declared is refused, and so are more entries than allowed")
    func bombs() throws {
        try withPlace { place in
            var tar = HandmadeTar()
            for number in 0..<20 { tar.file("f\(number)", String(repeating: "x", count: 1000)) }
            var options = ExtractionOptions.plain
            options.byteLimit = 10_000
            #expect(throws: ArchiveError.tooLarge(limit: 10_000)) { try place.unpack(tar, options) }
            options.byteLimit = nil
            options.entryLimit = 5
            #expect(throws: ArchiveError.tooLarge(limit: 5)) { try place.unpack(tar, options) }
            try place.expectUntouched()
        }
    }

    @Test("headers that promise the moon are refused without taking memory for it")
    func hugeHeaders() throws {
        try withPlace { place in
            var tar = HandmadeTar()
            tar.header("pax", type: "x", size: 0o7_0000_0000)
            #expect(throws: ArchiveError.self) { try place.unpack(tar) }
            var name = HandmadeTar()
            name.extended([("path", String(repeating: "a", count: 300))])
            name.file("x")
            #expect(throws: ArchiveError.self) { try place.unpack(name) }
            var size = HandmadeTar()
            size.header("big", type: "0", size: 0o7_7777_7777)
            #expect(throws: ArchiveError.self) { try place.unpack(size) }
            try place.expectUntouched()
        }
    }

    @Test("random mixtures of links, climbs and files never touch anything outside", arguments: UInt64(0)..<150)
    func mixtures(seed: UInt64) throws {
        try withPlace { place in
            var random = SplitMix64(seed: seed)
            var tar = HandmadeTar()
            let names = [
                "a", "b", "a/b", "b/a", "a/b/secret", "victim/secret", ".", "b/..", "a/../b", "../victim/secret",
            ]
            let targets = [
                "..", "/", "../victim", place.victim, "a", "b/..", "../../victim/secret", "/victim/secret", ".",
            ]
            for _ in 0..<Int.random(in: 2...12, using: &random) {
                let name = names.randomElement(using: &random) ?? "a"
                let target = targets.randomElement(using: &random) ?? "a"
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1: tar.link(name, to: target)
                case 2: tar.hardLink(name, to: target)
                case 3: tar.directory(name + "/", mode: 0o777)
                case 4: tar.file([".wh.secret", ".wh.victim", "a/.wh..wh..opq"].randomElement(using: &random) ?? "")
                default: tar.file(name, "evil", mode: 0o777, owner: 1000)
                }
            }
            for options in [ExtractionOptions.layer, .plain] { try? place.unpack(tar, options) }
            try place.expectUntouched("seed \(seed)")
        }
    }

    private func withPlace(_ body: (Place) throws -> Void) throws {
        try withScratchDirectorySync { try body(try Place($0)) }
    }
}
