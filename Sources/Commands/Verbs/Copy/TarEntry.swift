/// One member of a tar archive, without its bytes.
struct TarEntry: Equatable {
    enum Kind: Equatable {
        case file
        case directory
        case symbolicLink(target: String)
        /// Another name of a member that came before.
        case hardLink(target: String)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// As it stands in the archive; directories without the slash at the end.
    var name: String
    var kind: Kind
    /// Permission bits, also setuid, setgid and sticky.
    var mode: UInt32
    var owner: UInt32 = 0
    var group: UInt32 = 0
    /// Bytes that follow; only a file has any.
    var size: Int64 = 0
    /// Seconds since 1970.
    var modified: Int64 = 0
    /// What is left of a second, 0 in archives that do not say.
    var nanoseconds: Int64 = 0
}

extension TarEntry {
    /// The 512 bytes of its header, before them a PAX header for what they cannot hold.
    ///
    /// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
    func encoded() -> [UInt8] {
        var records: [(String, String)] = []
        let path = kind == .directory ? name + "/" : name
        if path.utf8.count > 100 || !path.utf8.allSatisfy({ $0 < 128 }) { records.append(("path", path)) }
        let link = linkTarget
        if link.utf8.count > 100 || !link.utf8.allSatisfy({ $0 < 128 }) { records.append(("linkpath", link)) }
        if size > 0o77777777777 { records.append(("size", String(size))) }
        if owner > 0o7777777 { records.append(("uid", String(owner))) }
        if group > 0o7777777 { records.append(("gid", String(group))) }
        guard !records.isEmpty else { return header(path) }
        let body = records.flatMap { Array(Self.record($0.0, $0.1).utf8) }
        var extended = TarEntry(name: "pax", kind: .file, mode: 0o644, size: Int64(body.count))
        extended.modified = modified
        return extended.header("PaxHeaders/entry", type: "x") + body + Self.padding(Int64(body.count)) + header(path)
    }

    /// Zeros up to the next multiple of 512.
    static func padding(_ size: Int64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int((512 - size % 512) % 512))
    }

    /// The two empty blocks that end an archive.
    static let trailer = [UInt8](repeating: 0, count: 1024)

    private var linkTarget: String {
        switch kind {
        case .symbolicLink(let target), .hardLink(let target): target
        default: ""
        }
    }

    private var type: Character {
        switch kind {
        case .file: "0"
        case .hardLink: "1"
        case .symbolicLink: "2"
        case .characterDevice: "3"
        case .blockDevice: "4"
        case .directory: "5"
        case .fifo: "6"
        }
    }

    /// `length key=value\n`, whose length counts itself.
    private static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while String(length).utf8.count + rest.utf8.count != length {
            length = String(length).utf8.count + rest.utf8.count
        }
        return "\(length)\(rest)"
    }

    private func header(_ path: String, type: Character? = nil) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, limit: Int) {
            for (index, byte) in text.utf8.prefix(limit).enumerated() { block[offset + index] = byte }
        }
        func octal(_ number: Int64, at offset: Int, digits: Int) {
            let text = String(number, radix: 8)
            guard text.count <= digits else { return octal(0, at: offset, digits: digits) }  // the PAX header has it
            put(String(repeating: "0", count: digits - text.count) + text, at: offset, limit: digits)
        }
        put(path, at: 0, limit: 100)
        octal(Int64(mode & 0o7777), at: 100, digits: 7)
        octal(Int64(owner), at: 108, digits: 7)
        octal(Int64(group), at: 116, digits: 7)
        octal(size, at: 124, digits: 11)
        octal(max(0, modified), at: 136, digits: 11)
        put("        ", at: 148, limit: 8)
        put(String(type ?? self.type), at: 156, limit: 1)
        put(linkTarget, at: 157, limit: 100)
        put("ustar", at: 257, limit: 5)
        put("00", at: 263, limit: 2)
        switch kind {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            octal(Int64(major), at: 329, digits: 7)
            octal(Int64(minor), at: 337, digits: 7)
        default: break
        }
        let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
        octal(sum, at: 148, digits: 6)
        block[154] = 0
        return block
    }
}

/// A device's number as the kernel packs it.
///
/// Source: Linux, include/linux/kdev_t.h, new_encode_dev; glibc, makedev(3).
enum DeviceNumber {
    static func parts(_ device: UInt64) -> (major: UInt32, minor: UInt32) {
        (
            UInt32(truncatingIfNeeded: (device >> 8 & 0xfff) | (device >> 32 & 0xffff_f000)),
            UInt32(truncatingIfNeeded: (device & 0xff) | (device >> 12 & 0xffff_ff00))
        )
    }

    static func joined(_ major: UInt32, _ minor: UInt32) -> UInt64 {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return (major & 0xfff) << 8 | (major & 0xffff_f000) << 32 | (minor & 0xff) | (minor & 0xffff_ff00) << 12
    }
}
