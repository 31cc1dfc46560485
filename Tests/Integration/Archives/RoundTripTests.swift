import CLinux
import Glibc
import LinuxKernel
import TestSupport
import Testing

@testable import Archives

@Suite("Archives of random trees", .needs(.root))
struct ArchiveRoundTripTests {
    @Test("a tree that was archived and unpacked is the same tree", arguments: UInt64(0)..<16)
    func ours(seed: UInt64) throws {
        try withScratchDirectorySync { directory in
            let (old, new) = (directory + "/old", directory + "/new")
            try Files.makeDirectory(old, mode: 0o755)
            try Files.makeDirectory(new, mode: 0o755)
            var tree = RandomTree(seed: seed)
            try tree.make(in: old)
            let bytes = try archive(old)
            _ = try TreeExtractor.extract(
                ArraySource(bytes, step: 700 + Int(seed) * 997), into: try Tree(path: new), options: .plain)
            try expectSame(old, new, seed)
            let again = try archive(new)
            let isSame = again == bytes
            #expect(isSame, "the same tree gives the same bytes; seed \(seed)")
        }
    }

    @Test("GNU tar unpacks what we archive", .needs(.tool("tar")), arguments: UInt64(100)..<106)
    func readByTar(seed: UInt64) throws {
        try withScratchDirectorySync { directory in
            let (old, new) = (directory + "/old", directory + "/new")
            try Files.makeDirectory(old, mode: 0o755)
            try Files.makeDirectory(new, mode: 0o755)
            var tree = RandomTree(seed: seed)
            try tree.make(in: old)
            try WholeFile.replace(directory + "/t.tar", with: try archive(old))
            let tar = try #require(Executables.tool("tar"))
            let result = try runBlocking(
                [
                    tar, "-x", "-p", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-f", directory + "/t.tar",
                    "-C", new,
                ],
                environment: ["LC_ALL": "C"])
            #expect(result.status == 0, "\(result) seed \(seed)")
            try expectSame(old, new, seed)
        }
    }

    @Test(
        "we unpack what GNU tar archives, in its formats", .needs(.tool("tar")), arguments: UInt64(200)..<204,
        ["gnu", "pax"])
    func writtenByTar(seed: UInt64, format: String) throws {
        try withScratchDirectorySync { directory in
            let (old, new) = (directory + "/old", directory + "/new")
            try Files.makeDirectory(old, mode: 0o755)
            try Files.makeDirectory(new, mode: 0o755)
            var tree = RandomTree(seed: seed, isExotic: format == "pax")
            try tree.make(in: old)
            let tar = try #require(Executables.tool("tar"))
            let sparse = seed % 2 == 0 ? ["--sparse"] : []
            let attributes = format == "pax" ? ["--xattrs"] : []
            let result = try runBlocking(
                [tar, "-c", "--format=\(format)"] + sparse + attributes + ["-f", directory + "/t.tar", "-C", old, "."],
                environment: ["LC_ALL": "C"])
            #expect(result.status == 0, "\(result)")
            let source = try DescriptorSource(path: directory + "/t.tar")
            _ = try TreeExtractor.extract(source, into: try Tree(path: new), options: .plain)
            try expectSame(old, new, seed, nanoseconds: format == "pax")
        }
    }

    @Test("all compressions are understood", arguments: ["gzip", "zstd", "xz", "bzip2"])
    func compressions(program: String) throws {
        guard let tool = Executables.tool(program) else { return }
        try withScratchDirectorySync { directory in
            try Files.makeDirectory(directory + "/old", mode: 0o755)
            try Files.makeDirectory(directory + "/new", mode: 0o755)
            var tree = RandomTree(seed: 7)
            try tree.make(in: directory + "/old")
            try WholeFile.replace(directory + "/t.tar", with: try archive(directory + "/old"))
            let result = try runBlocking([tool, "-k", "-f", directory + "/t.tar"])
            #expect(result.status == 0, "\(result)")
            let name = try #require(try Files.list(directory).first { $0.hasPrefix("t.tar.") })
            let source = try DescriptorSource(path: directory + "/" + name)
            _ = try TreeExtractor.extract(source, into: try Tree(path: directory + "/new"), options: .plain)
            try expectSame(directory + "/old", directory + "/new", 7)
            // Cut off anywhere, it is damaged, not short.
            let bytes = try WholeFile.read(directory + "/" + name)
            #expect(throws: ArchiveError.self) {
                let cut = ArraySource(Array(bytes[..<(bytes.count * 2 / 3)]))
                let reader = try TarReader(cut)
                while try reader.nextEntry() != nil { while try reader.nextData() != nil {} }
            }
        }
    }

    @Test("capabilities survive although the owner is set too, and sockets stay out")
    func capabilities() throws {
        try withScratchDirectorySync { directory in
            for name in ["old", "new"] { try Files.makeDirectory("\(directory)/\(name)", mode: 0o755) }
            let old = try Tree(path: directory + "/old")
            let program = Array("program".utf8)
            try WholeFile.replace(directory + "/old/program", with: [1, 2, 3], mode: 0o755)
            try Names.changeOwner(program, at: old.root.raw, to: 1000, 1000)
            // VFS_CAP_REVISION_2, effective; cap_net_bind_service permitted.
            let value: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)
            try Attributes.set(
                .init(name: Array("security.capability".utf8), value: value), on: program, at: old.root.raw)
            try Names.makeNode(Array("socket".utf8), at: old.root.raw, mode: S_IFSOCK | 0o600)
            let bytes = try archive(directory + "/old")
            let report = try TreeExtractor.extract(
                ArraySource(bytes), into: try Tree(path: directory + "/new"), options: .layer)
            #expect(report.entries == 1 && report.droppedAttributes.isEmpty)
            let new = try Tree(path: directory + "/new")
            #expect(Attributes.read("security.capability", of: program, at: new.root.raw) == value)
            #expect(try Names.status(program, at: new.root.raw).st_uid == 1000)
        }
    }

    @Test("a tree far deeper than one path may be long survives archiving, unpacking and removal")
    func deepTree() throws {
        try withScratchDirectorySync { directory in
            let depth = 400
            let name = Array("directory-\(depth)".utf8)
            let old = directory + "/old"
            try Files.makeDirectory(old, mode: 0o755)
            var handle = try Tree(path: old).root
            for _ in 0..<depth {
                try Names.makeDirectory(name, at: handle.raw, mode: 0o755)
                handle = DirectoryHandle(try Names.open(name, at: handle.raw, O_RDONLY | O_DIRECTORY))
            }
            try Names.open(Array("leaf".utf8), at: handle.raw, O_WRONLY | O_CREAT, mode: 0o644).writeAll([1, 2, 3])
            let bytes = try archive(old)
            try Files.makeDirectory(directory + "/new", mode: 0o755)
            let report = try TreeExtractor.extract(
                ArraySource(bytes), into: try Tree(path: directory + "/new"), options: .plain)
            #expect(report.entries == depth + 1)
            let isSame = try archive(directory + "/new") == bytes
            #expect(isSame)
            try Tree.remove(path: old)
            try Tree.remove(path: directory + "/new")
            #expect(try Files.list(directory).isEmpty)
        }
    }

    private func archive(_ path: String) throws -> [UInt8] {
        let sink = ArraySink()
        try TreeArchiver(to: sink).archive(try Tree(path: path))
        return sink.bytes
    }

    private func expectSame(_ old: String, _ new: String, _ seed: UInt64, nanoseconds: Bool = true) throws {
        let before = try TreePicture.of(old, nanoseconds: nanoseconds)
        let after = try TreePicture.of(new, nanoseconds: nanoseconds)
        let lost = before.filter { !after.contains($0) }
        let gained = after.filter { !before.contains($0) }
        let isSame = lost.isEmpty && gained.isEmpty
        #expect(
            isSame,
            "seed \(seed): lost \(lost.prefix(3).map { $0.suffix(160) }), gained \(gained.prefix(3).map { $0.suffix(160) })"
        )
    }
}
