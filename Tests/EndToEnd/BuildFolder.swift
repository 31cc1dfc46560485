import Glibc
import LinuxKernel
import TestSupport

/// A folder to build, and what a daemon may have left of a build.
struct BuildFolder {
    let daemon: Daemon
    let path: String

    init(in daemon: Daemon, _ name: String, _ files: [String: String]) throws {
        self.daemon = daemon
        path = "\(daemon.folder)/\(name)"
        _ = mkdir(path, 0o755)
        for (file, text) in files { try write(file, text) }
    }

    func write(_ file: String, _ text: String) throws {
        var folder = path
        for part in file.split(separator: "/").dropLast() {
            folder += "/\(part)"
            _ = mkdir(folder, 0o755)
        }
        try WholeFile.replace("\(path)/\(file)", with: Array(text.utf8), mode: 0o644)
    }

    func build(_ words: String...) async throws -> CommandResult {
        try await run([Executables.client, "-H", daemon.host, "build"] + words + [path])
    }

    func docker(_ words: String...) async throws -> CommandResult {
        try await run(
            ["docker"] + words,
            environment: [
                "DOCKER_HOST": daemon.host, "DOCKER_CONFIG": "\(daemon.folder)/docker-config", "DOCKER_BUILDKIT": "0",
            ])
    }

    /// Contexts, containers, snapshots, half-written blobs and layers.
    func leftovers() async throws -> String {
        let places = ["build/work", "containers-rw", "containers", "content/ingest", "tmp"].map {
            "\(daemon.folder)/data/\($0)"
        }
        return try await run(["find"] + places + ["\(daemon.folder)/exec/containers", "-mindepth", "1"]).output
    }
}
