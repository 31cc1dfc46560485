extension CgroupTree {
    /// Finds the control groups among the lines of `/proc/self/mountinfo`.
    ///
    /// Of several mounts of one hierarchy (a container's, seen from outside) the first wins, and one below
    /// `/sys/fs/cgroup` before any other.
    ///
    /// Source: proc_pid_mountinfo(5).
    package init(mountinfo bytes: [UInt8]) {
        var found: [Mount] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let mount = Self.mount(line) else { continue }
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

    private static let separator = Array(" - cgroup".utf8)

    /// One line, when it mounts control groups: `31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct`.
    private static func mount(_ line: ArraySlice<UInt8>) -> Mount? {
        guard let end = position(of: separator, in: line) else { return nil }
        let fields = line[..<end].split(separator: UInt8(ascii: " "))
        let after = line[(end + 3)...].split(separator: UInt8(ascii: " "))
        guard fields.count >= 5, after.count >= 3 else { return nil }
        let directory = unescaped(fields[4])
        switch String(decoding: after[0], as: UTF8.self) {
        case "cgroup2": return Mount(directory: directory, hierarchy: .v2)
        case "cgroup":
            var mount = Mount(directory: directory, hierarchy: .v1)
            for option in after[2].split(separator: UInt8(ascii: ",")) {
                let option = String(decoding: option, as: UTF8.self)
                if let controller = ControllerName(rawValue: option) { mount.controllers.insert(controller) }
                if option.hasPrefix("name=") { mount.name = String(option.dropFirst(5)) }
            }
            return mount.controllers.isEmpty && mount.name == nil ? nil : mount
        default: return nil
        }
    }

    private static func position(of needle: [UInt8], in line: ArraySlice<UInt8>) -> Int? {
        guard line.count >= needle.count else { return nil }
        for start in line.startIndex...(line.endIndex - needle.count)
        where line[start] == needle[0] && line[start..<(start + needle.count)].elementsEqual(needle) {
            return start
        }
        return nil
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
