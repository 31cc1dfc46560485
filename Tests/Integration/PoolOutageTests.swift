import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// A pool whose server goes away and comes back, on this kernel.
@Suite("a pool without its server", .needs(.root), .serialized)  // it brings up a server and the node's bridge
struct PoolOutageTests {
    private static let port = 18_321

    /// A server with its state on the disk, always at the same port.
    private func serve(_ folder: String) async throws -> PoolServer {
        try await PoolServer.start(
            in: folder, ["serve", "--listen", "127.0.0.1:\(Self.port)", "--data", "\(folder)/pool"])
    }

    private static let pods = """
        {apiVersion: v1, kind: Pod, metadata: {name: steady}, spec: {terminationGracePeriodSeconds: 1, containers: [
          {name: main, image: 'busybox:latest', imagePullPolicy: Never, command: [sleep, '600']}]}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: ending}
        spec:
          restartPolicy: Never
          volumes: [{name: shared, hostPath: {path: 'FOLDER'}}]
          containers:
            - name: main
              image: busybox:latest
              imagePullPolicy: Never
              command: [sh, -c, 'until [ -e /shared/go ]; do sleep 0.1; done; exit 7']
              volumeMounts: [{name: shared, mountPath: /shared}]

        """

    @Test("pods run on while the server is away and the agent starts anew; what happened meanwhile is told afterwards")
    func outage() async throws {
        try await withScratchDirectory { folder in
            try await bringLoopbackUp()
            let first = try await serve(folder)
            let address = "http://127.0.0.1:\(Self.port)"
            let daemon = try await Daemon.start(in: folder, flags: ["--join", address, "--node-name", "n1"])
            do {
                try await daemon.importBusybox()
                let pool = PoolTests.Pool(server: address, daemon: daemon)
                let shared = "\(folder)/shared"
                try Files.makeDirectory(shared, mode: 0o755)
                try await pool.apply(Self.pods.replacing("FOLDER", with: shared))
                for name in ["steady", "ending"] { _ = try await pool.until("pod", name) { PoolTests.isReady($0) } }
                let before = try await daemon.pouch("ps", "-q", "--no-trunc").output.split(separator: "\n")
                await first.end()
                await daemon.end(signal: SIGKILL)
                try WholeFile.replace("\(shared)/go", with: [])
                try await daemon.start()
                let deadline = ContinuousClock.now + .seconds(20)
                var after = before
                while after.count == before.count, ContinuousClock.now < deadline {
                    after = try await daemon.pouch("ps", "-q", "--no-trunc").output.split(separator: "\n")
                }
                #expect(after.count == before.count - 1 && Set(after).isSubset(of: before))
                let second = try await serve(folder)
                let ended = try await pool.until("pod", "ending") { $0["status"]?["phase"] == "Failed" }
                let state = ended["status"]?["containerStatuses"]?[0]?["state"]?["terminated"]
                #expect(state?["exitCode"] == 7, "\(ended["status"] ?? .null)")
                let steady = try await pool.until("pod", "steady") { PoolTests.isReady($0) }
                #expect(steady["status"]?["containerStatuses"]?[0]?["restartCount"] == 0)
                #expect(
                    Set(try await daemon.pouch("ps", "-q", "--no-trunc").output.split(separator: "\n")) == Set(after))
                for name in ["steady", "ending"] { #expect(try await pool.pouch("delete", "pod", name).status == 0) }
                await second.end()
            } catch {
                try? await daemon.stop()
                throw error
            }
            try await daemon.stop()
        }
    }
}
