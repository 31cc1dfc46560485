/// Writes the headers of a tar: ustar, with a PAX record for each fact that ustar cannot hold.
///
/// Pure and deterministic: equal entries give equal bytes, on any machine.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
package struct TarEncoder {
    /// Everything in a tar is a multiple of this many bytes.
    package static let block = 512
    /// What ends an archive.
    package static let end = [UInt8](repeating: 0, count: 2 * block)

    /// The header blocks of `entry`; its content, padded by ``padding(after:)``, follows.
    package static func header(for entry: ArchiveEntry) -> [UInt8] {
        var entry = entry
        if entry.kind == .directory, entry.path.last != UInt8(ascii: "/") { entry.path.append(UInt8(ascii: "/")) }
        let (prefix, name) = split(entry.path)
        let records = extendedRecords(for: entry, splits: prefix != nil)
        var bytes: [UInt8] = []
        if !records.isEmpty {
            bytes += block(
                name: extendedName(entry.path), prefix: [], mode: 0o644, owner: 0, group: 0, size: Int64(records.count),
                seconds: 0, type: UInt8(ascii: "x"))
            bytes += records
            bytes += [UInt8](repeating: 0, count: padding(after: Int64(records.count)))
        }
        bytes += ustar(entry, prefix: prefix ?? [], name: prefix == nil ? Array(entry.path.prefix(100)) : name)
        return bytes
    }

    /// How many zeros follow content of this many bytes.
    package static func padding(after size: Int64) -> Int {
        Int((Int64(block) - size % Int64(block)) % Int64(block))
    }

    // MARK: ustar

    private static func ustar(_ entry: ArchiveEntry, prefix: [UInt8], name: [UInt8]) -> [UInt8] {
        var type = UInt8(ascii: "0")
        var link: [UInt8] = []
        var device: (major: UInt32, minor: UInt32) = (0, 0)
        switch entry.kind {
        case .file: break
        case .directory: type = UInt8(ascii: "5")
        case .symbolicLink(let target): (type, link) = (UInt8(ascii: "2"), target)
        case .hardLink(let target): (type, link) = (UInt8(ascii: "1"), target)
        case .fifo, .socket: type = UInt8(ascii: "6")
        case .characterDevice(let major, let minor): (type, device) = (UInt8(ascii: "3"), (major, minor))
        case .blockDevice(let major, let minor): (type, device) = (UInt8(ascii: "4"), (major, minor))
        }
        return block(
            name: name, prefix: prefix, mode: entry.mode, owner: entry.owner, group: entry.group,
            size: entry.kind == .file ? entry.size : 0, seconds: entry.modified.seconds, type: type,
            link: Array(link.prefix(100)), device: device)
    }

    private static func block(
        name: [UInt8], prefix: [UInt8], mode: UInt32, owner: UInt32, group: UInt32, size: Int64, seconds: Int64,
        type: UInt8, link: [UInt8] = [], device: (major: UInt32, minor: UInt32) = (0, 0)
    ) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: block)
        func put(_ bytes: [UInt8], at offset: Int) {
            header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        put(name, at: 0)
        put(octal(Int64(mode), digits: 7) ?? [], at: 100)
        put(octal(Int64(owner), digits: 7) ?? zeros(7), at: 108)
        put(octal(Int64(group), digits: 7) ?? zeros(7), at: 116)
        put(octal(size, digits: 11) ?? zeros(11), at: 124)
        put(octal(seconds, digits: 11) ?? zeros(11), at: 136)
        put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148)
        header[156] = type
        put(link, at: 157)
        put(Array("ustar\u{0}00".utf8), at: 257)
        put(octal(Int64(device.major), digits: 7) ?? zeros(7), at: 329)
        put(octal(Int64(device.minor), digits: 7) ?? zeros(7), at: 337)
        put(prefix, at: 345)
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put((octal(sum, digits: 6) ?? zeros(6)) + [0, UInt8(ascii: " ")], at: 148)
        return header
    }

    private static func zeros(_ digits: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "0"), count: digits) }

    /// `value` in octal with leading zeros; nil when it does not fit.
    private static func octal(_ value: Int64, digits: Int) -> [UInt8]? {
        guard value >= 0, value < Int64(1) << Int64(3 * digits) else { return nil }
        let text = Array(String(value, radix: 8).utf8)
        return zeros(digits - text.count) + text
    }

    /// Cuts a path into ustar's prefix and name; nil when it fits neither way or is not plain ASCII.
    private static func split(_ path: [UInt8]) -> (prefix: [UInt8]?, name: [UInt8]) {
        guard path.allSatisfy({ $0 < 0x80 }) || String(validating: path, as: UTF8.self) == nil else { return (nil, []) }
        if path.count <= 100 { return ([], path) }
        guard path.count <= 256 else { return (nil, []) }
        // The name must not be empty, so a directory's own last slash is no place to cut.
        for cut in stride(from: min(155, path.count - 2), through: 1, by: -1) where path[cut] == UInt8(ascii: "/") {
            let name = path[(cut + 1)...]
            return name.count <= 100 ? (Array(path[..<cut]), Array(name)) : (nil, [])
        }
        return (nil, [])
    }

    // MARK: PAX

    private static func extendedName(_ path: [UInt8]) -> [UInt8] {
        let name = path.split(separator: UInt8(ascii: "/")).last ?? []
        return Array("PaxHeaders/".utf8) + name.prefix(80)
    }

    private static func extendedRecords(for entry: ArchiveEntry, splits: Bool) -> [UInt8] {
        var records: [(key: [UInt8], value: [UInt8])] = []
        func add(_ key: String, _ value: [UInt8]) { records.append((Array(key.utf8), value)) }
        if octal(Int64(entry.group), digits: 7) == nil { add("gid", Array("\(entry.group)".utf8)) }
        switch entry.kind {
        case .symbolicLink(let target), .hardLink(let target):
            let plain = target.allSatisfy { $0 < 0x80 } || String(validating: target, as: UTF8.self) == nil
            if target.count > 100 || !plain { add("linkpath", target) }
        default: break
        }
        if entry.modified.nanoseconds != 0 || octal(entry.modified.seconds, digits: 11) == nil {
            add("mtime", decimal(entry.modified))
        }
        if !splits { add("path", entry.path) }
        if octal(entry.size, digits: 11) == nil { add("size", Array("\(entry.size)".utf8)) }
        if octal(Int64(entry.owner), digits: 7) == nil { add("uid", Array("\(entry.owner)".utf8)) }
        for attribute in entry.attributes {
            records.append((Array("SCHILY.xattr.".utf8) + attribute.name, attribute.value))
        }
        records.sort { $0.key.lexicographicallyPrecedes($1.key) }
        // Bytes that are not UTF-8 must be announced before the record that holds them.
        if records.contains(where: {
            ["path", "linkpath"].contains(String(decoding: $0.key, as: UTF8.self))
                && String(validating: $0.value, as: UTF8.self) == nil
        }) {
            records.insert((Array("hdrcharset".utf8), Array("BINARY".utf8)), at: 0)
        }
        return records.flatMap { record($0.key, $0.value) }
    }

    /// `length key=value\n`, where the length counts itself.
    private static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + key + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count
        while "\(length)".utf8.count + rest.count != length { length = "\(length)".utf8.count + rest.count }
        return Array("\(length)".utf8) + rest
    }

    /// Seconds with a fraction, as PAX writes a time; before 1970 the fraction counts backwards from the second above.
    private static func decimal(_ time: FileTime) -> [UInt8] {
        var (seconds, nanoseconds) = (time.seconds, time.nanoseconds)
        var sign = ""
        if seconds < 0 {
            sign = "-"
            seconds = -seconds
            if nanoseconds > 0 {
                seconds -= 1
                nanoseconds = 1_000_000_000 - nanoseconds
            }
        }
        guard nanoseconds > 0 else { return Array("\(sign)\(seconds)".utf8) }
        var fraction = String(String(nanoseconds + 1_000_000_000).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        return Array("\(sign)\(seconds).\(fraction)".utf8)
    }
}
