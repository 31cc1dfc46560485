internal import LinuxKernel

/// Users as the container's own `/etc/passwd` has them: no name service is asked.
enum UserDirectory {
    /// The home of `user`, `/` when the file does not know it.
    static func home(of user: UInt32) -> String {
        guard let bytes = try? WholeFile.read("/etc/passwd") else { return "/" }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 6, !fields[5].isEmpty,
                UInt32(String(decoding: fields[2], as: UTF8.self)) == user
            else { continue }
            return String(decoding: fields[5], as: UTF8.self)
        }
        return "/"
    }
}
