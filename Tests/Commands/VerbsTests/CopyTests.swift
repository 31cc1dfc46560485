import Glibc
import LinuxKernel
import TestSupport
import Testing

@testable import Verbs

@Suite("tar archives")
struct TarTests {
    private let entries: [TarEntry] = [
        TarEntry(name: "d", kind: .directory, mode: 0o755, owner: 1, group: 2, modified: 1_600_000_000),
        TarEntry(name: "d/f", kind: .file, mode: 0o4644, size: 5, modified: 1),
        TarEntry(name: "d/" + String(repeating: "long/", count: 60) + "ä", kind: .file, mode: 0o600, size: 513),
        TarEntry(name: "l", kind: .symbolicLink(target: String(repeating: "t", count: 150)), mode: 0o777),
        TarEntry(name: "h", kind: .hardLink(target: "d/f"), mode: 0o644),
        TarEntry(name: "c", kind: .characterDevice(major: 1, minor: 3), mode: 0o666),
        TarEntry(name: "p", kind: .fifo, mode: 0o600, owner: 3_000_000_000, group: 4_000_000),
    ]

    private func archive() -> [UInt8] {
        entries.flatMap { entry in
            entry.encoded() + [UInt8](repeating: 7, count: Int(entry.size)) + TarEntry.padding(entry.size)
        } + TarEntry.trailer
    }

    @Test("say the same when read back, however the bytes arrive", arguments: [1, 511, 512, 4096])
    func roundTrip(size: Int) throws {
        var reader = TarReader()
        var found: [TarEntry] = []
        var bytes = 0
        var rest = archive()[...]
        while !rest.isEmpty {
            reader.feed(rest.prefix(size))
            rest = rest.dropFirst(size)
            while let event = try reader.next() {
                switch event {
                case .entry(let entry): found.append(entry)
                case .bytes(let piece): bytes += piece.count
                case .endOfEntry: break
                }
            }
        }
        #expect(found == entries)
        #expect(bytes == 518)
        #expect(reader.isComplete)
    }

    @Test("are what tar(1) reads and writes") func realTar() async throws {
        try await withScratchDirectory { folder in
            try WholeFile.replace("\(folder)/a.tar", with: archive())
            let list = try await run(["tar", "tf", "\(folder)/a.tar"])
            #expect(list.status == 0 && list.output.split(separator: "\n").count == entries.count, "\(list)")
            mkdir("\(folder)/t", 0o755)
            let long = String(repeating: "x", count: 120)
            try WholeFile.replace("\(folder)/t/\(long)", with: Array("hello".utf8))
            for format in ["gnu", "pax", "ustar"] {
                let made = try await run(
                    ["tar", "--format=\(format)", "-cf", "\(folder)/b.tar", "t"], directory: folder)
                guard made.status == 0 else { continue }  // ustar cannot hold the long name
                var reader = TarReader()
                reader.feed(try WholeFile.read("\(folder)/b.tar"))
                var names: [String] = []
                while let event = try reader.next() {
                    if case .entry(let entry) = event { names.append(entry.name) }
                }
                #expect(names == ["t", "t/\(long)"], "\(format)")
            }
        }
    }

    @Test("that are damaged are refused, never trusted") func damaged() {
        let whole = archive()
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var reader = TarReader()
            reader.feed(bytes)
            do {
                while try reader.next() != nil {}
            } catch {
                #expect(!error.description.isEmpty, "seed \(seed)")
            }
        }
    }
}

@Suite("the plan of a copy")
struct CopyPlanTests {
    @Test(
        "ends are told apart as docker does",
        arguments: [
            ("c:/x", .container("c", path: "/x")), ("c:x", .container("c", path: "/x")), ("/a:b", .local("/a:b")),
            ("./a:b", .local("./a:b")), ("file", .local("file")), ("-", .stream), (":x", .local(":x")),
        ] as [(String, CopyEnd)])
    func ends(text: String, end: CopyEnd) { #expect(CopyEnd(text) == end) }

    private func names(_ source: String, isDirectory: Bool, _ target: String, _ kind: Bool?) throws -> String {
        let plan = try CopyPlan(
            .init(path: source, isDirectory: isDirectory),
            to: .init(path: target, exists: kind != nil, isDirectory: kind ?? false))
        let member = source.hasSuffix("/.") ? "./x" : isDirectory ? "\(CopyPlan.base(source))/x" : CopyPlan.base(source)
        return try "\(plan.folder) \(plan.rename(member).joined(separator: "/"))"
    }

    @Test("names follow what is there and what ends with a slash") func names() throws {
        #expect(try names("/s/f", isDirectory: false, "/t", true) == "/t f")
        #expect(try names("/s/f", isDirectory: false, "/t/g", false) == "/t g")
        #expect(try names("/s/f", isDirectory: false, "/t/g", nil) == "/t g")
        #expect(try names("/s/d", isDirectory: true, "/t", true) == "/t d/x")
        #expect(try names("/s/d", isDirectory: true, "/t/e", nil) == "/t e/x")
        #expect(try names("/s/d/.", isDirectory: true, "/t", true) == "/t x")
        #expect(try names("/s/d/.", isDirectory: true, "/t/e", nil) == "/t e/x")
        #expect(throws: TarError.self) { try names("/s/d", isDirectory: true, "/t/f", false) }
        #expect(throws: TarError.self) { try names("/s/f", isDirectory: false, "/t/new/", nil) }
    }

    @Test("members that were not asked for are refused", arguments: ["../x", "d/../../x", "e/x", "/e", "."])
    func strangers(name: String) throws {
        let plan = try CopyPlan(
            .init(path: "/s/d", isDirectory: true), to: .init(path: "/t", exists: true, isDirectory: true))
        #expect(throws: TarError.self) { try plan.rename(name) }
    }
}

@Suite("unpacking what a hostile container sent")
struct TreeUnpackerTests {
    /// Unpacks `entries` below `folder`/in; each file holds its own name.
    private func unpack(_ entries: [TarEntry], in folder: String) throws {
        var unpacker = try TreeUnpacker(in: "\(folder)/in", keepsOwner: false)
        for entry in entries {
            var target: [String] = []
            if case .hardLink(let name) = entry.kind { target = try CopyPlan.parts(name) }
            try unpacker.begin(entry, as: try CopyPlan.parts(entry.name), linkedTo: target)
            if entry.kind == .file { try unpacker.write(Array(entry.name.utf8)) }
            try unpacker.finish()
        }
        try unpacker.complete()
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        try withScratchDirectorySync { folder in
            mkdir("\(folder)/in", 0o755)
            mkdir("\(folder)/out", 0o755)
            try WholeFile.replace("\(folder)/out/secret", with: Array("untouched".utf8))
            try body(folder)
            #expect(try WholeFile.read("\(folder)/out/secret") == Array("untouched".utf8))
            #expect(access("\(folder)/out/new", F_OK) != 0)
        }
    }

    private func file(_ name: String) -> TarEntry { TarEntry(name: name, kind: .file, mode: 0o644, size: 1) }

    @Test("no link leads out", arguments: ["../out", "/tmp", "."])
    func links(target: String) throws {
        try withFolder { folder in
            let link = TarEntry(name: "l", kind: .symbolicLink(target: target), mode: 0o777)
            #expect(throws: SyscallError.self) { try unpack([link, file("l/new")], in: folder) }
            #expect(throws: SyscallError.self) { try unpack([link, file("l/secret")], in: folder) }
        }
    }

    @Test("a link that waits is replaced, not followed") func waiting() throws {
        try withFolder { folder in
            symlink("../out/secret", "\(folder)/in/f")
            symlink("../out", "\(folder)/in/d")
            try unpack([file("f"), TarEntry(name: "d", kind: .directory, mode: 0o755), file("d/new")], in: folder)
            #expect(try WholeFile.read("\(folder)/in/f") == Array("f".utf8))
            #expect(access("\(folder)/in/d/new", F_OK) == 0)
        }
    }

    @Test("a hard link reaches only what was unpacked") func hardLinks() throws {
        try withFolder { folder in
            symlink("../out", "\(folder)/in/l")
            let hard = TarEntry(name: "h", kind: .hardLink(target: "l/secret"), mode: 0o644)
            #expect(throws: SyscallError.self) { try unpack([hard], in: folder) }
            #expect(throws: TarError.self) {
                try unpack([TarEntry(name: "h", kind: .hardLink(target: "../out/secret"), mode: 0o644)], in: folder)
            }
            try unpack([file("a"), TarEntry(name: "b", kind: .hardLink(target: "a"), mode: 0o644)], in: folder)
            #expect(try WholeFile.read("\(folder)/in/b") == Array("a".utf8))
        }
    }

    @Test("a folder keeps its time and its closed door until it is full") func folders() throws {
        try withFolder { folder in
            let closed = TarEntry(name: "d", kind: .directory, mode: 0o500, modified: 1_600_000_000)
            try unpack([closed, file("d/f"), file("d/sub/deep")], in: folder)
            var status = stat()
            #expect(lstat("\(folder)/in/d", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o500 && status.st_mtim.tv_sec == 1_600_000_000)
        }
    }

    @Test("a folder is not replaced by a file") func overFolder() throws {
        try withFolder { folder in
            mkdir("\(folder)/in/d", 0o755)
            #expect(throws: SyscallError.self) { try unpack([file("d")], in: folder) }
        }
    }

    @Test("what is packed is what comes out") func roundTrip() throws {
        try withScratchDirectorySync { folder in
            for name in ["s", "s/d", "in"] { mkdir("\(folder)/\(name)", 0o755) }
            try WholeFile.replace("\(folder)/s/d/f", with: [UInt8](repeating: 1, count: 70000), mode: 0o640)
            link("\(folder)/s/d/f", "\(folder)/s/d/g")
            symlink("nowhere", "\(folder)/s/l")
            var archive: [UInt8] = []
            var packer = TreePacker { (bytes) throws(SyscallError) in archive += bytes }
            try packer.pack("\(folder)/s", as: "copy")
            var reader = TarReader()
            reader.feed(archive)
            var unpacker = try TreeUnpacker(in: "\(folder)/in", keepsOwner: true)
            while let event = try reader.next() {
                switch event {
                case .entry(let entry):
                    var target: [String] = []
                    if case .hardLink(let name) = entry.kind { target = try CopyPlan.parts(name) }
                    try unpacker.begin(entry, as: try CopyPlan.parts(entry.name), linkedTo: target)
                case .bytes(let bytes): try unpacker.write(bytes)
                case .endOfEntry: try unpacker.finish()
                }
            }
            try unpacker.complete()
            var (one, two) = (stat(), stat())
            #expect(stat("\(folder)/in/copy/d/f", &one) == 0 && stat("\(folder)/in/copy/d/g", &two) == 0)
            #expect(one.st_ino == two.st_ino && one.st_size == 70000 && one.st_mode & 0o777 == 0o640)
            #expect(lstat("\(folder)/in/copy/l", &one) == 0 && one.st_mode & S_IFMT == S_IFLNK)
        }
    }
}
