import Archives
import Glibc
import LinuxKernel
import TestSupport
import Testing

@Suite("Container files", .needs(.root))
struct ContainerFilesTests {
    @Test("status names what is there and where its link leads inside the container")
    func status() throws {
        try withContainer { root, files in
            let passwd = try files.status(of: "/etc/passwd")
            #expect(passwd.name == "passwd" && passwd.size == 5 && passwd.mode == 0o640 && passwd.linkTarget.isEmpty)
            #expect(try files.status(of: "/etc").mode == 0o755 | 1 << 31)
            let link = try files.status(of: "/link")
            #expect(link.mode & 1 << 27 != 0 && link.linkTarget == "/etc/passwd")
            #expect(try files.status(of: "/climb").linkTarget == "/etc")
            #expect(try files.status(of: "/broken").linkTarget == "/no/where")
            #expect(try files.status(of: "/").name == "/")
            #expect(try files.status(of: "/climb/").mode & 1 << 31 != 0)
            #expect(throws: ArchiveError.notFound("/none")) { try files.status(of: "/none") }
        }
    }

    @Test(
        "an archive's entries begin with the last part of the path",
        arguments: [
            ("/etc", ["etc/", "etc/passwd"]), ("/etc/", ["etc/", "etc/passwd"]), ("/etc/.", ["./", "./passwd"]),
            ("/etc/passwd", ["passwd"]), ("/link", ["link"]), ("/climb/", ["climb/", "climb/passwd"]),
            ("/climb/passwd", ["passwd"]), ("etc/../etc", ["etc/", "etc/passwd"]),
            ("/../../etc", ["etc/", "etc/passwd"]),
        ])
    func archiveNames(path: String, names: [String]) throws {
        try withContainer { _, files in
            let sink = ArraySink()
            try files.archive(path, to: sink)
            #expect(try list(sink.bytes) == names)
        }
    }

    @Test("a link to the host's files is never followed there, in either direction")
    func escapes() throws {
        try withContainer { root, files in
            let outside = root + "-outside"
            try Files.makeDirectory(outside, mode: 0o700)
            defer { removeTree(outside) }
            try WholeFile.replace(outside + "/secret", with: Array("secret".utf8))
            try Files.makeLink(root + "/out", to: outside)
            try Files.makeLink(root + "/up", to: "../" + String(outside.split(separator: "/").last ?? ""))
            for path in ["/out/secret", "/up/secret", "/out/", "/up/."] {
                #expect(throws: ArchiveError.self) { try files.archive(path, to: ArraySink()) }
            }
            var tar = HandmadeTar()
            tar.file("secret", "evil")
            for path in ["/out", "/up"] {
                #expect(throws: ArchiveError.self) {
                    try files.extract(ArraySource(tar.ended), into: path, CopyOptions())
                }
            }
            var through = HandmadeTar()
            through.file("out/secret", "evil")
            #expect(throws: ArchiveError.self) {
                try files.extract(ArraySource(through.ended), into: "/", CopyOptions())
            }
            #expect(try WholeFile.read(outside + "/secret") == Array("secret".utf8))
            #expect(try Files.list(outside) == ["secret"])
        }
    }

    @Test("an archive is unpacked where the path leads inside the container")
    func extraction() throws {
        try withContainer { root, files in
            var tar = HandmadeTar()
            tar.file("new", "text", owner: 7)
            try files.extract(ArraySource(tar.ended), into: "/climb", CopyOptions())
            #expect(try WholeFile.read(root + "/etc/new") == Array("text".utf8))
            #expect(try Files.status(root + "/etc/new").owner == 7)
            var options = CopyOptions()
            options.owner = (user: 42, group: 43)
            try files.extract(ArraySource(tar.ended), into: "/etc", options)
            #expect(try Files.status(root + "/etc/new").owner == 42)
            #expect(throws: ArchiveError.conflict(entry: "/etc/passwd", reason: "extraction point is not a directory"))
            {
                try files.extract(ArraySource(tar.ended), into: "/etc/passwd", CopyOptions())
            }
            #expect(throws: ArchiveError.notFound("/none")) {
                try files.extract(ArraySource(tar.ended), into: "/none", CopyOptions())
            }
        }
    }

    @Test("kinds are kept when that is asked for")
    func kinds() throws {
        try withContainer { root, files in
            var options = CopyOptions()
            options.keepsKinds = true
            var file = HandmadeTar()
            file.file("etc", "x")
            #expect(
                throws: ArchiveError.conflict(entry: "etc", reason: "cannot overwrite directory with non-directory")
            ) { try files.extract(ArraySource(file.ended), into: "/", options) }
            var directory = HandmadeTar()
            directory.directory("passwd/")
            #expect(throws: ArchiveError.self) {
                try files.extract(ArraySource(directory.ended), into: "/etc", options)
            }
            #expect(try WholeFile.read(root + "/etc/passwd") == Array("root\n".utf8))
            try files.extract(ArraySource(file.ended), into: "/", CopyOptions())
            #expect(try Files.status(root + "/etc").isRegular)
        }
    }

    private func withContainer(_ body: (String, ContainerFiles) throws -> Void) throws {
        try withScratchDirectorySync { directory in
            let root = directory + "/root"
            try Files.makeDirectory(root, mode: 0o755)
            try Files.makeDirectory(root + "/etc", mode: 0o755)
            try WholeFile.replace(root + "/etc/passwd", with: Array("root\n".utf8))
            try Files.changeMode(root + "/etc/passwd", 0o640, at: AT_FDCWD)
            try Files.makeLink(root + "/link", to: "/etc/passwd")
            try Files.makeLink(root + "/climb", to: "../../../etc")
            try Files.makeLink(root + "/broken", to: "no/where")
            try body(root, ContainerFiles(root: try Tree(path: root)))
        }
    }

    private func list(_ bytes: [UInt8]) throws -> [String] {
        let reader = try TarReader(ArraySource(bytes))
        var names: [String] = []
        while let entry = try reader.nextEntry() { names.append(entry.name) }
        return names
    }
}
