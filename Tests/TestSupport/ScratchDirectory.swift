internal import LinuxKernel
internal import Glibc

/// A folder of a test's own that vanishes with the test, whatever the test did to it.
///
/// Lives below `TMPDIR` or `/tmp`; mounts that the test forgot inside it are detached first, so that removing never
/// reaches through them.
package func withScratchDirectory<Result>(
    _ name: StaticString = #function, _ body: (String) async throws -> Result
) async throws -> Result {
    let path = try makeScratchDirectory()
    do {
        let result = try await body(path)
        removeTree(path)
        return result
    } catch {
        removeTree(path)
        throw error
    }
}

/// The same for a test that never suspends.
package func withScratchDirectorySync<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = try makeScratchDirectory()
    defer { removeTree(path) }
    return try body(path)
}

private func makeScratchDirectory() throws(SyscallError) -> String {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/pouch-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SyscallError("mkdtemp", errno: errno, subject: base) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Removes `path` and everything below it, after detaching every mount below it.
package func removeTree(_ path: String) {
    detachMounts(below: path)
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        return
    }
    removeChildren(path)
    rmdir(path)
}

private func removeChildren(_ path: String) {
    guard let folder = opendir(path) else { return }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard name != ".", name != ".." else { continue }
        let child = "\(path)/\(name)"
        if entry.pointee.d_type == UInt8(DT_DIR) {
            removeChildren(child)
            rmdir(child)
        } else {
            unlink(child)
        }
    }
}

private func detachMounts(below path: String) {
    guard let table = try? WholeFile.read("/proc/self/mountinfo") else { return }
    let points = table.split(separator: UInt8(ascii: "\n")).compactMap { line -> String? in
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count > 4 else { return nil }
        let point = String(decoding: fields[4], as: UTF8.self)
        return point == path || point.hasPrefix(path + "/") ? point : nil
    }
    for point in points.sorted(by: { $0.count > $1.count }) { umount2(point, Int32(MNT_DETACH)) }
}
