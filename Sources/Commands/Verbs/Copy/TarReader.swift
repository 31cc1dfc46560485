/// Why an archive cannot be read or may not be unpacked.
struct TarError: Error, Equatable, CustomStringConvertible {
    var description: String
}

/// Turns bytes, in whatever pieces they arrive, into the members of a tar archive.
///
/// Knows ustar, PAX and GNU's long names and large numbers. Pure: no I/O. Feed it, then ask ``next()`` until it gives `nil`.
///
/// Source: POSIX.1-2017, pax; tar(5), "GNU tar Archives".
struct TarReader {
    enum Event: Equatable {
        case entry(TarEntry)
        case bytes([UInt8])
        /// The bytes of the last entry are complete.
        case endOfEntry
    }

    private enum State: Equatable {
        case header
        /// Bytes of an entry, then padding.
        case body(left: Int64, padding: Int)
        case extended(type: UInt8, left: Int64, padding: Int)
        case padding(Int)
        case done
    }

    /// No header of a name or of PAX records is longer.
    private static let largestExtension: Int64 = 1 << 20

    private var state = State.header
    private var buffer: [UInt8] = []
    private var start = 0
    private var extended: [UInt8] = []
    private var overrides: [String: String] = [:]

    /// Whether the two empty blocks have come, or the archive ends between two members.
    var isComplete: Bool { state == .done || (state == .header && start == buffer.count && overrides.isEmpty) }

    mutating func feed(_ bytes: some Collection<UInt8>) {
        if start > 65536 || start == buffer.count {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    /// The next event, or `nil` when more bytes are needed or the archive is over.
    mutating func next() throws(TarError) -> Event? {
        while true {
            switch state {
            case .header:
                guard let block = take(512) else { return nil }
                if block.allSatisfy({ $0 == 0 }) {
                    state = .done
                } else if let entry = try header(block) {
                    return .entry(entry)
                }
            case .body(let left, let padding):
                if left == 0 {
                    state = .padding(padding)
                    return .endOfEntry
                }
                guard let piece = take(atMost: left) else { return nil }
                state = .body(left: left - Int64(piece.count), padding: padding)
                return .bytes(piece)
            case .extended(let type, let left, let padding):
                if left == 0 {
                    try finishExtended(type)
                    state = .padding(padding)
                    continue
                }
                guard let piece = take(atMost: left) else { return nil }
                extended += piece
                state = .extended(type: type, left: left - Int64(piece.count), padding: padding)
            case .padding(let count):
                guard count == 0 || take(count) != nil else { return nil }
                state = .header
            case .done:
                start = buffer.count
                return nil
            }
        }
    }

    private mutating func header(_ block: [UInt8]) throws(TarError) -> TarEntry? {
        var sum: Int64 = 0
        for (index, byte) in block.enumerated() { sum += (148..<156).contains(index) ? 32 : Int64(byte) }
        guard try number(block[148..<156]) == sum else { throw TarError(description: "a header with a wrong checksum") }
        let type = block[156]
        var size = try number(block[124..<136])
        if let text = overrides["size"], ![103, 120, 75, 76].contains(type) {
            guard let number = Int64(text) else { throw TarError(description: "a size of \(text)") }
            size = number
        }
        guard size >= 0 else { throw TarError(description: "a negative size") }
        let padding = Int((512 - size % 512) % 512)
        if [103, 120, 75, 76].contains(type) {  // g x K L
            guard size <= Self.largestExtension else {
                throw TarError(description: "an extended header of \(size) bytes")
            }
            extended = []
            state = .extended(type: type, left: size, padding: padding)
            return nil
        }
        var entry = TarEntry(
            name: overrides["path"] ?? name(block), kind: .file,
            mode: UInt32(truncatingIfNeeded: try number(block[100..<108]) & 0o7777),
            owner: try identifier("uid", block[108..<116]), group: try identifier("gid", block[116..<124]),
            modified: try number(block[136..<148]))
        setTime(of: &entry)
        entry.kind = try kind(type, block, entry.name)
        while entry.name.hasSuffix("/"), entry.name.count > 1 { entry.name.removeLast() }
        entry.size = entry.kind == .file ? size : 0
        overrides = [:]
        state = entry.kind == .file ? .body(left: size, padding: padding) : .body(left: 0, padding: 0)
        if entry.kind != .file, size > 0, case .hardLink = entry.kind {
        } else if entry.kind != .file, size > 0 {
            throw TarError(description: "\(entry.name): bytes where none belong")
        }
        return entry
    }

    private func name(_ block: [UInt8]) -> String {
        let name = text(block[0..<100])
        guard text(block[257..<262]) == "ustar", block[262] == 0 else { return name }
        let prefix = text(block[345..<500])
        return prefix.isEmpty ? name : "\(prefix)/\(name)"
    }

    private func kind(_ type: UInt8, _ block: [UInt8], _ name: String) throws(TarError) -> TarEntry.Kind {
        let target = overrides["linkpath"] ?? text(block[157..<257])
        func device() throws(TarError) -> (UInt32, UInt32) {
            (
                UInt32(truncatingIfNeeded: try number(block[329..<337])),
                UInt32(truncatingIfNeeded: try number(block[337..<345]))
            )
        }
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): return name.hasSuffix("/") ? .directory : .file
        case UInt8(ascii: "1"): return .hardLink(target: target)
        case UInt8(ascii: "2"): return .symbolicLink(target: target)
        case UInt8(ascii: "3"):
            let (major, minor) = try device()
            return .characterDevice(major: major, minor: minor)
        case UInt8(ascii: "4"):
            let (major, minor) = try device()
            return .blockDevice(major: major, minor: minor)
        case UInt8(ascii: "5"): return .directory
        case UInt8(ascii: "6"): return .fifo
        default: throw TarError(description: "\(name): a member of unknown type \(type)")
        }
    }

    private func identifier(_ key: String, _ field: ArraySlice<UInt8>) throws(TarError) -> UInt32 {
        if let text = overrides[key], let number = UInt32(text) { return number }
        return UInt32(truncatingIfNeeded: try number(field))
    }

    /// PAX tells fractions of a second.
    private func setTime(of entry: inout TarEntry) {
        guard let text = overrides["mtime"] else { return }
        let (whole, fraction) = split(text, at: ".")
        guard let seconds = Int64(whole), seconds >= 0 else { return }
        entry.modified = seconds
        entry.nanoseconds = Int64(((fraction ?? "") + "000000000").prefix(9)) ?? 0
    }

    /// Octal digits, or GNU's base 256 when the first bit is set.
    private func number(_ field: ArraySlice<UInt8>) throws(TarError) -> Int64 {
        if let first = field.first, first & 0x80 != 0 {
            var value: Int64 = first & 0x40 != 0 ? -1 : 0
            for (index, byte) in field.enumerated() {
                guard value < 1 << 54, value > -(1 << 54) else {
                    throw TarError(description: "a number beyond 64 bits")
                }
                value = value << 8 | Int64(index == 0 ? byte & 0x3f : byte)
            }
            return value
        }
        let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
        if digits.isEmpty { return 0 }
        guard let value = Int64(String(decoding: digits, as: UTF8.self), radix: 8) else {
            throw TarError(description: "a number that is not octal")
        }
        return value
    }

    private func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    private mutating func finishExtended(_ type: UInt8) throws(TarError) {
        let bytes = extended[...]
        extended = []
        switch type {
        case UInt8(ascii: "L"): overrides["path"] = text(bytes)
        case UInt8(ascii: "K"): overrides["linkpath"] = text(bytes)
        case UInt8(ascii: "x"): try takeRecords(bytes)
        default: break  // global records say nothing that we use
        }
    }

    private mutating func takeRecords(_ bytes: ArraySlice<UInt8>) throws(TarError) {
        var rest = bytes
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: 32),
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count
            else { throw TarError(description: "a damaged PAX record") }
            let record = String(decoding: rest[(space + 1)..<(rest.startIndex + length - 1)], as: UTF8.self)
            let (key, value) = split(record, at: "=")
            overrides[key] = value
            rest = rest.dropFirst(length)
        }
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard buffer.count - start >= count else { return nil }
        defer { start += count }
        return Array(buffer[start..<start + count])
    }

    private mutating func take(atMost limit: Int64) -> [UInt8]? {
        let count = Int(min(limit, Int64(buffer.count - start)))
        return count > 0 ? take(count) : nil
    }
}
