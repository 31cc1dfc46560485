/// Builds tars byte by byte, without the code under test, so that they can hold what no honest tool writes.
struct HandmadeTar {
    private(set) var bytes: [UInt8] = []

    var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    mutating func file(_ name: String, _ content: String = "", mode: Int = 0o644, owner: Int = 0) {
        header(name, type: "0", size: content.utf8.count, mode: mode, owner: owner)
        data(Array(content.utf8))
    }

    mutating func directory(_ name: String, mode: Int = 0o755) { header(name, type: "5", mode: mode) }
    mutating func link(_ name: String, to target: String) { header(name, type: "2", link: target) }
    mutating func hardLink(_ name: String, to target: String) { header(name, type: "1", link: target) }
    mutating func device(_ name: String, _ type: Character, major: Int, minor: Int) {
        header(name, type: type, major: major, minor: minor)
    }

    /// PAX records for the next entry.
    mutating func extended(_ records: [(String, String)]) {
        var body: [UInt8] = []
        for (key, value) in records {
            let rest = " \(key)=\(value)\n"
            var length = rest.utf8.count + 1
            while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
            body += Array("\(length)\(rest)".utf8)
        }
        header("pax", type: "x", size: body.count)
        data(body)
    }

    mutating func header(
        _ name: String, type: Character, size: Int = 0, mode: Int = 0o644, owner: Int = 0, link: String = "",
        major: Int = 0, minor: Int = 0
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, _ count: Int) {
            for (index, byte) in text.utf8.prefix(count).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0, 100)
        put(octal(mode, 7), at: 100, 7)
        put(octal(owner, 7), at: 108, 7)
        put(octal(owner, 7), at: 116, 7)
        put(octal(size, 11), at: 124, 11)
        put(octal(1, 11), at: 136, 11)
        put(String(type), at: 156, 1)
        put(link, at: 157, 100)
        put("ustar\u{0}00", at: 257, 8)
        put(octal(major, 7), at: 329, 7)
        put(octal(minor, 7), at: 337, 7)
        put("        ", at: 148, 8)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148, 8)
        bytes += block
    }

    private mutating func data(_ content: [UInt8]) {
        bytes += content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
}
