internal import Glibc
internal import LinuxKernel

/// Compiled filters, kept in a folder between the runs of programs that last a few milliseconds each.
///
/// A file holds the whole profile beside its filter, and both are checked on every read: a hash that collides, a file cut
/// short or one from another version is compiled anew, never trusted. The folder has to be ours alone; one that others
/// may write to is not used at all.
///
/// ```
///   "pouchbpf"  length of profile  length of filter  SipHash-128 of what follows  profile  filter
///    8 bytes         4                  4                    16
/// ```
package struct SeccompCache: Hashable, Sendable {
    package let folder: String

    /// More files than this and the next miss starts over: profiles are few, and one that changes per run must not fill
    /// a disk of memory.
    private static let capacity = 128
    private static let magic = Array("pouchbpf".utf8)
    private static let headerLength = 32

    /// Uses `folder`, made with mode 0700 when it is missing.
    package init(folder: String) {
        self.folder = folder
    }

    /// The filter for `profile`, from the folder or from the compiler.
    ///
    /// That nothing can be kept is no failure.
    ///
    /// - Throws: what ``SeccompProgram/compile(_:)`` does.
    package func program(for profile: SeccompProfile) throws(SeccompError) -> SeccompProgram {
        let canonical = profile.canonical
        let path = folder + "/" + Self.fileName(canonical)
        let isTrusted = isOurs
        if isTrusted, let file = try? WholeFile.read(path), let filter = Self.filter(in: file, for: canonical) {
            return SeccompProgram(bytes: filter, flags: profile.flags, notifies: profile.notifies)
        }
        let program = try SeccompProgram.compile(profile)
        if isTrusted || mkdir(folder, 0o700) == 0 { keep(program.bytes, canonical, at: path) }
        return program
    }

    private var isOurs: Bool {
        var status = stat()
        return lstat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
            && status.st_mode & 0o022 == 0
    }

    private static func fileName(_ canonical: [UInt8]) -> String {
        let hash = canonical.withUnsafeBytes { SipHash.hash($0) }
        return String(hash.low, radix: 16) + "-" + String(hash.high, radix: 16) + ".bpf"
    }

    /// The filter that `file` holds, when all of it is as it was written, for this profile.
    static func filter(in file: [UInt8], for canonical: [UInt8]) -> [UInt8]? {
        guard file.count > headerLength, file.prefix(8).elementsEqual(magic) else { return nil }
        return file.withUnsafeBytes { bytes -> [UInt8]? in
            let profileLength = Int(UInt32(littleEndian: bytes.load(fromByteOffset: 8, as: UInt32.self)))
            let filterLength = Int(UInt32(littleEndian: bytes.load(fromByteOffset: 12, as: UInt32.self)))
            guard profileLength == canonical.count, filterLength > 0, filterLength.isMultiple(of: 8),
                bytes.count == headerLength + profileLength + filterLength
            else { return nil }
            let content = UnsafeRawBufferPointer(rebasing: bytes[headerLength...])
            let hash = SipHash.hash(content)
            guard UInt64(littleEndian: bytes.load(fromByteOffset: 16, as: UInt64.self)) == hash.low,
                UInt64(littleEndian: bytes.load(fromByteOffset: 24, as: UInt64.self)) == hash.high
            else { return nil }
            let isSame = canonical.withUnsafeBytes { own in
                guard let own = own.baseAddress, let kept = content.baseAddress else { return false }
                return memcmp(own, kept, profileLength) == 0
            }
            return isSame ? Array(content[profileLength...]) : nil
        }
    }

    static func file(_ filter: [UInt8], for canonical: [UInt8]) -> [UInt8] {
        let content = canonical + filter
        let hash = content.withUnsafeBytes { SipHash.hash($0) }
        var file = magic
        withUnsafeBytes(of: UInt32(canonical.count).littleEndian) { file.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(filter.count).littleEndian) { file.append(contentsOf: $0) }
        withUnsafeBytes(of: hash.low.littleEndian) { file.append(contentsOf: $0) }
        withUnsafeBytes(of: hash.high.littleEndian) { file.append(contentsOf: $0) }
        return file + content
    }

    /// Writes beside the place and renames, under a name of this process alone.
    private func keep(_ filter: [UInt8], _ canonical: [UInt8], at path: String) {
        let temporary = "\(path).\(getpid())"
        makeRoom()
        do {
            let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
            try file.writeAll(Self.file(filter, for: canonical))
        } catch {
            unlink(temporary)
            return
        }
        if rename(temporary, path) != 0 { unlink(temporary) }
    }

    private func makeRoom() {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.contains(".bpf") { names.append(name) }
        }
        guard names.count >= Self.capacity else { return }
        for name in names { unlink(folder + "/" + name) }
    }
}
