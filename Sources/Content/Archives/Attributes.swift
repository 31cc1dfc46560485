internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Extended attributes of files that may be symbolic links or devices, which fsetxattr(2) cannot reach.
///
/// They are named through `/proc/self/fd/<directory>/<name>`, with the last component not followed.
enum Attributes {
    static func set(
        _ attribute: ArchiveEntry.Attribute, on name: [UInt8], at directory: Int32
    ) throws(SyscallError) {
        try checkNegative("setxattr", Names.text(attribute.name)) {
            Names.withCString(path(name, directory)) { path in
                Names.withCString(attribute.name) {
                    clinux_lsetxattr(path, $0, attribute.value, attribute.value.count)
                }
            }
        }
    }

    /// All of them, sorted by name; none where the file system has none.
    static func read(_ name: [UInt8], at directory: Int32) throws(SyscallError) -> [ArchiveEntry.Attribute] {
        try Names.withCString(path(name, directory)) { (path) throws(SyscallError) in
            var size = clinux_llistxattr(path, nil, 0)
            if size == 0 || size == -Int(ENOTSUP) { return [] }
            try checkNegative("listxattr", Names.text(name)) { size }
            var list = [CChar](repeating: 0, count: size)
            size = try checkNegative("listxattr", Names.text(name)) { clinux_llistxattr(path, &list, list.count) }
            let names = list[..<size].split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } }
            var found: [ArchiveEntry.Attribute] = []
            for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                guard let value = value(of: name, at: path) else { continue }
                found.append(.init(name: name, value: value))
            }
            return found
        }
    }

    /// One of them; nil when the file has it not.
    static func read(_ attribute: String, of name: [UInt8], at directory: Int32) -> [UInt8]? {
        Names.withCString(path(name, directory)) { value(of: Array(attribute.utf8), at: $0) }
    }

    private static func value(of attribute: [UInt8], at path: UnsafePointer<CChar>) -> [UInt8]? {
        Names.withCString(attribute) { attribute in
            var value = [UInt8](repeating: 0, count: 256)
            var size = clinux_lgetxattr(path, attribute, &value, value.count)
            if size == -Int(ERANGE) {
                value = [UInt8](repeating: 0, count: 65536)
                size = clinux_lgetxattr(path, attribute, &value, value.count)
            }
            return size < 0 ? nil : Array(value[..<size])
        }
    }

    private static func path(_ name: [UInt8], _ directory: Int32) -> [UInt8] {
        // The link in /proc itself is not meant, so the directory is named as `.` in it.
        Array("/proc/self/fd/\(directory)/".utf8) + (name.isEmpty ? [46] : name)
    }
}
