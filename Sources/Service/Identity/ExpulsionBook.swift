internal import Glibc
internal import LinuxKernel

/// Nodes that were expelled from a pool, and when: what they were known by until then is worth nothing any more.
///
/// A file for each. Blocks on the disk.
package struct ExpulsionBook: Sendable {
    private let folder: String

    /// Opens the book in `folder`, made if need be.
    package init(folder: String) throws(IdentityError) {
        self.folder = folder
        do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw .file(path: folder, errno: error.errno) }
        }
    }

    /// By name: when each was expelled last, in seconds since 1970.
    package func all() throws(IdentityError) -> [String: Int64] {
        var found: [String: Int64] = [:]
        let names: [String]
        do throws(SyscallError) { names = try Files.list(folder) } catch {
            throw .file(path: folder, errno: error.errno)
        }
        for name in names {
            // A write that a crash broke off leaves a file with an ending that no node's name has.
            guard (try? CertificateHolder.check(node: name)) != nil, !name.hasSuffix(".new") else { continue }
            let text = try PEMFile.read("\(folder)/\(name)")
            guard let time = Int64(text.filter { !$0.isWhitespace }) else { throw .malformed("\(folder)/\(name)") }
            found[name] = time
        }
        return found
    }

    /// Certificates of `node` that begin until then, in seconds since 1970, are worth nothing.
    package func add(_ node: String, at time: Int64) throws(IdentityError) {
        try CertificateHolder.check(node: node)
        try PEMFile.write("\(time)\n", to: "\(folder)/\(node)", mode: 0o600)
    }
}
