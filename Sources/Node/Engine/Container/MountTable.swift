/// What the kernel tells of the mounts of a process; pure.
///
/// Source: proc(5), "/proc/[pid]/mountinfo".
enum MountTable {
    /// The mount that holds `path`, and the groups it belongs to, such as `shared:5` or `master:2`.
    ///
    /// `path` is absolute, without links. Of mounts on one place the last counts.
    static func peers(of path: String, in table: String) -> (place: String, groups: [String])? {
        var found: (place: String, groups: [String])?
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6 else { continue }
            let place = unescaped(fields[4])
            let isBelow = place == "/" || path == place || path.hasPrefix(place + "/")
            guard isBelow, place.utf8.count >= found?.place.utf8.count ?? 0 else { continue }
            let groups = fields[6...].prefix { $0 != "-" }.map(String.init)
            found = (place, groups.filter { $0.hasPrefix("shared:") || $0.hasPrefix("master:") })
        }
        return found
    }

    /// Blanks, tabs, line ends and backslashes stand there in octal.
    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
