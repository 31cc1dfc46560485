internal import Glibc
internal import Identity
internal import LinuxKernel

/// The certificates that a tracker has made, a file for each; blocks on the disk.
struct MemberArchive: Sendable {
    private let folder: String

    init(folder: String) throws(IdentityError) {
        self.folder = folder
        do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw .file(path: folder, errno: error.errno) }
        }
    }

    /// Whether nobody ever joined.
    var isEmpty: Bool { ((try? Files.list(folder)) ?? []).isEmpty }

    private func path(_ number: UInt64) -> String { "\(folder)/\(String(number, radix: 16)).crt" }

    func keep(_ member: PoolMember) throws(IdentityError) {
        let path = path(member.identity.number)
        do throws(SyscallError) {
            try WholeFile.replace(path, with: Array(member.certificate.utf8), mode: 0o600, durable: true)
        } catch {
            throw .file(path: path, errno: error.errno)
        }
    }

    func certificate(of number: UInt64) -> String? {
        (try? WholeFile.read(path(number))).map { String(decoding: $0, as: UTF8.self) }
    }
}
