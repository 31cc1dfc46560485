import LinuxKernel
import TestSupport
import Testing

/// A `pouch-server` of a test's own, on a port of loopback that was free, and the clients that talk to it.
struct PoolServerRig: Sendable {
    let folder: String
    let address: String

    /// The words of kubectl in `program`, against this server.
    func kubectl(
        _ words: String..., program: String = "kubectl", input: String? = nil, editor: String = "true"
    ) async throws -> CommandResult {
        try await run(
            [program, "--server", address, "--cache-dir", "\(folder)/cache"] + words,
            environment: ["KUBECONFIG": "/dev/null", "HOME": folder, "KUBE_EDITOR": editor, "EDITOR": editor],
            input: input)
    }
}

/// Runs `body` with a server that is there for it alone.
func withPoolServer(flags: [String] = [], _ body: @Sendable (PoolServerRig) async throws -> Void) async throws {
    try await withScratchDirectory { folder in
        try await bringLoopbackUp()
        try await withPoolServer(in: folder, ["serve", "--listen", "127.0.0.1:0"] + flags) { server in
            try await body(PoolServerRig(folder: folder, address: server.address))
        }
    }
}
