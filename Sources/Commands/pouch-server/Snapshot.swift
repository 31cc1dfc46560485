internal import ArgumentParser
internal import ClusterStore
internal import Glibc
internal import LinuxKernel
internal import SQLiteStore

/// Copies of a pool's state.
struct Snapshot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the pool's state, and bring a copy back.", subcommands: [Save.self, Restore.self])

    struct Save: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy the pool's state as of one moment, whether a server runs or not.")

        @Option(help: "The directory that the server was given.") var data: String
        @Argument(help: "The copy; nothing may be there.") var file: String

        func run() async throws {
            try await PouchServer.reporting {
                let revision = try await StoreSnapshot.save(PoolFile.path(in: data), to: file)
                print("\(file): revision \(revision)")
            }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the pool's state from a copy; no server may run, and no state may be there.",
            discussion: "Revisions go on far behind those of the copy, so that nobody takes new changes for old ones.")

        @Option(help: "The directory that the server will be given, made if need be.") var data: String
        @Argument(help: "The copy.") var file: String

        func run() async throws {
            try await PouchServer.reporting {
                do throws(SyscallError) {
                    try Files.makeDirectory(data, mode: 0o700)
                } catch {
                    guard error.errno == EEXIST else { throw error }
                }
                let revision = try await StoreSnapshot.restore(file, to: PoolFile.path(in: data))
                print("\(data): revision \(revision)")
            }
        }
    }
}
