internal import Glibc

extension CgroupTree {
    /// Finds the control groups among the lines of `/proc/self/mountinfo`.
    ///
    /// Of several mounts of one hierarchy (a container's, seen from outside) the first wins, and one below
    /// `/sys/fs/cgroup` before any other. Lines of other mounts are passed over unread.
    ///
    /// Source: proc_pid_mountinfo(5).
    package init(mountinfo bytes: [UInt8]) {
        var found: [Mount] = []
        var next = bytes.startIndex
        while let separator = Self.separator(in: bytes, from: next) {
            let start = bytes[next..<separator].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? next
            let end = bytes[separator...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            next = end
            guard let mount = Self.mount(bytes[start..<separator], bytes[(separator + 3)..<end]) else { continue }
            let same = found.firstIndex {
                $0.hierarchy == mount.hierarchy && $0.controllers == mount.controllers && $0.name == mount.name
            }
            if let same {
                if !found[same].isUsual && mount.isUsual { found[same] = mount }
            } else {
                found.append(mount)
            }
        }
        self.init(mounts: found)
    }

    /// Where the next ` - cgroup` begins, the mark between a mount's fields and its type.
    private static func separator(in bytes: [UInt8], from start: Int) -> Int? {
        let mark: StaticString = " - cgroup"
        let length = mark.utf8CodeUnitCount
        return bytes.withUnsafeBytes { buffer -> Int? in
            var index = start
            while index + length <= buffer.count {
                // The dash is the rarest byte of the mark.
                if buffer[index + 1] == UInt8(ascii: "-"), let base = buffer.baseAddress,
                    memcmp(base + index, mark.utf8Start, length) == 0
                {
                    return index
                }
                index += 1
            }
            return nil
        }
    }

    /// One line in its two halves: `31 23 0:28 / /sys/fs/cgroup/cpu rw` and `cgroup cgroup rw,cpu,cpuacct`.
    private static func mount(_ before: ArraySlice<UInt8>, _ after: ArraySlice<UInt8>) -> Mount? {
        let fields = before.split(separator: UInt8(ascii: " "))
        let types = after.split(separator: UInt8(ascii: " "))
        guard fields.count >= 5, types.count >= 3 else { return nil }
        let directory = unescaped(fields[4])
        switch String(decoding: types[0], as: UTF8.self) {
        case "cgroup2": return Mount(directory: directory, hierarchy: .v2)
        case "cgroup":
            var mount = Mount(directory: directory, hierarchy: .v1)
            for option in types[2].split(separator: UInt8(ascii: ",")) {
                let option = String(decoding: option, as: UTF8.self)
                if let controller = ControllerName(rawValue: option) { mount.controllers.insert(controller) }
                if option.hasPrefix("name=") { mount.name = String(option.dropFirst(5)) }
            }
            return mount.controllers.isEmpty && mount.name == nil ? nil : mount
        default: return nil
        }
    }

    /// Undoes the octal escapes for space, tab, line feed and backslash.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        guard field.contains(UInt8(ascii: "\\")) else { return String(decoding: field, as: UTF8.self) }
        var bytes: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            let digits = field[index...].dropFirst().prefix(3)
            if field[index] == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) {
                bytes.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 48) })
                index += 4
            } else {
                bytes.append(field[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension CgroupTree.Mount {
    fileprivate var isUsual: Bool { directory.hasPrefix("/sys/fs/cgroup") }
}
