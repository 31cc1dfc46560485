import CLinux
import ContentStore
import Glibc
import ImageSpec
import LinuxKernel
import TestSupport

@testable import Archives

/// Everything about a tree that an archive should carry, as comparable lines.
enum TreePicture {
    /// `times` false leaves out when files were changed, for tools that keep whole seconds only.
    static func of(_ path: String, nanoseconds: Bool = true) throws -> [String] {
        var lines: [String] = []
        var inodes: [UInt64: Int] = [:]
        try add(try Tree(path: path).root, "", nanoseconds, &lines, &inodes)
        return lines
    }

    private static func add(
        _ directory: DirectoryHandle, _ path: String, _ nanoseconds: Bool, _ lines: inout [String],
        _ inodes: inout [UInt64: Int]
    ) throws {
        for name in try Names.list(directory.raw) {
            let status = try Names.status(name, at: directory.raw)
            let place = path + "/" + text(name)
            var line = "\(place) \(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid)"
            line += " \(status.st_mtim.tv_sec)" + (nanoseconds ? ".\(status.st_mtim.tv_nsec)" : "")
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                let file = try Names.open(name, at: directory.raw, O_RDONLY)
                line += " \(status.st_size) \(BlobHasher.digest(of: try file.readToEnd()).short)"
            case S_IFLNK: line += " -> \(text(try Names.readLink(name, at: directory.raw)))"
            case S_IFCHR, S_IFBLK: line += " \(status.st_rdev)"
            default: break
            }
            if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR {
                let number = inodes[UInt64(status.st_ino)] ?? inodes.count
                inodes[UInt64(status.st_ino)] = number
                line += " link \(number) of \(status.st_nlink)"
            }
            for attribute in try Attributes.read(name, at: directory.raw) {
                line += " \(text(attribute.name))=\(text(attribute.value))"
            }
            lines.append(line)
            if status.st_mode & S_IFMT == S_IFDIR {
                let child = DirectoryHandle(try Names.open(name, at: directory.raw, O_RDONLY | O_DIRECTORY))
                try add(child, place, nanoseconds, &lines, &inodes)
            }
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.map { (0x21..<0x7f).contains($0) ? String(UnicodeScalar($0)) : "%\(String($0, radix: 16))" }.joined()
    }
}

/// Makes trees with everything a file system can hold, from a seed.
struct RandomTree {
    var random: SplitMix64
    /// Extended attributes, names that are not UTF-8, and owners beyond 31 bits.
    var isExotic = true
    private var files: [(directory: DirectoryHandle, name: [UInt8])] = []
    private var budget = 40

    init(seed: UInt64, isExotic: Bool = true) {
        random = SplitMix64(seed: seed)
        self.isExotic = isExotic
    }

    mutating func make(in path: String) throws {
        try fill(try Tree(path: path).root, depth: 0)
    }

    private mutating func fill(_ directory: DirectoryHandle, depth: Int) throws {
        for _ in 0..<Int.random(in: 1...8, using: &random) where budget > 0 {
            budget -= 1
            let name = randomName()
            guard (try? Names.status(name, at: directory.raw)) == nil else { continue }
            try make(name, in: directory, depth: depth)
        }
    }

    private mutating func make(_ name: [UInt8], in directory: DirectoryHandle, depth: Int) throws {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<3 where depth < 6:
            try Names.makeDirectory(name, at: directory.raw, mode: 0o755)
            let child = DirectoryHandle(try Names.open(name, at: directory.raw, O_RDONLY | O_DIRECTORY))
            try fill(child, depth: depth + 1)
        case 3:
            try Names.makeSymbolicLink(name, at: directory.raw, to: randomTarget())
            try Names.changeOwner(name, at: directory.raw, to: randomID(), randomID())
            try Names.changeTime(name, at: directory.raw, to: randomTime())
            return
        case 4: try Names.makeNode(name, at: directory.raw, mode: S_IFIFO | 0o600)
        case 5: try Names.makeNode(name, at: directory.raw, mode: S_IFCHR | 0o600, major: 1, minor: 3)
        case 6 where !files.isEmpty:
            guard let target = files.randomElement(using: &random) else { return }
            try Names.makeHardLink(name, at: directory.raw, to: target.name, at: target.directory.raw)
            return
        default:
            try makeFile(name, in: directory)
            files.append((directory, name))
        }
        try Names.changeOwner(name, at: directory.raw, to: randomID(), randomID())
        try Names.changeMode(name, at: directory.raw, to: UInt32.random(in: 0...0o7777, using: &random))
        if isExotic, Bool.random(using: &random), let file = files.last, file.name == name {
            let value = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            try Attributes.set(.init(name: Array("user.test".utf8), value: value), on: name, at: directory.raw)
        }
        try Names.changeTime(name, at: directory.raw, to: randomTime())
    }

    private mutating func makeFile(_ name: [UInt8], in directory: DirectoryHandle) throws {
        let file = try Names.open(name, at: directory.raw, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        let size = [0, 1, 511, 512, 513, 10_000, 70_000].randomElement(using: &random) ?? 0
        try file.writeAll([UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: size))
        if Int.random(in: 0..<4, using: &random) == 0 {  // a hole, and something behind it
            let number = file.raw
            try check("ftruncate") { ftruncate(number, size + 1_000_000) }
            if Bool.random(using: &random) { try check("pwrite") { pwrite(number, "end", 3, size + 900_000) } }
        }
    }

    private mutating func randomName() -> [UInt8] {
        let length = [1, 3, 12, 90, 200, 255].randomElement(using: &random) ?? 1
        let odd = isExotic && Int.random(in: 0..<5, using: &random) == 0
        return (0..<length).map { _ in
            UInt8.random(in: odd ? 0x80...0xff : 0x61...0x7a, using: &random)
        }
    }

    private mutating func randomTarget() -> [UInt8] {
        let targets = ["/etc/passwd", "..", "a", "../../../../../../outside", String(repeating: "long/", count: 60)]
        return Array((targets.randomElement(using: &random) ?? "a").utf8)
    }

    private mutating func randomID() -> UInt32 {
        ([0, 1000, 65534, 3_000_000] + (isExotic ? [0x9000_0000] : [])).randomElement(using: &random) ?? 0
    }

    private mutating func randomTime() -> FileTime {
        FileTime(
            seconds: Int64.random(in: 1...4_000_000_000, using: &random),
            nanoseconds: Bool.random(using: &random) ? 0 : Int64.random(in: 0..<1_000_000_000, using: &random))
    }
}
