import Glibc
import LinuxKernel

/// Debian's docker-registry on the loopback address, with its own storage.
package final class DebianRegistry: @unchecked Sendable {  // handed from thread to thread by one test, never shared
    package let authority: String
    private let folder: String
    private var process: RunningCommand?

    private let password: String?

    /// Starts one below `folder`, on a port that follows from this process, and waits until it answers.
    ///
    /// With a `password`, which is `secret`, it gives nothing to whoever is not the user `pouch`.
    package init(in folder: String, offset: Int = 0, password: String? = nil) async throws {
        self.folder = folder
        self.password = password
        let port = 21_000 + Int(getpid()) % 20_000 + offset
        authority = "127.0.0.1:\(port)"
        let settings = """
            version: 0.1
            log: {level: info, accesslog: {disabled: false}}
            storage: {filesystem: {rootdirectory: \(folder)/registry}, delete: {enabled: true}}
            http: {addr: "\(authority)"}

            """
            + (password == nil ? "" : "auth: {htpasswd: {realm: pouch, path: \(folder)/passwords}}\n")
        if password != nil {
            try WholeFile.replace("\(folder)/passwords", with: Array("pouch:\(Self.hash)\n".utf8))
        }
        try WholeFile.replace("\(folder)/registry.yml", with: Array(settings.utf8))
        try await bringLoopbackUp()
        try await start()
    }

    /// The word `secret`, as htpasswd writes it.
    private static let hash = "$2b$04$v2GAWUNtKQ2DNEcBnIlmF.FPROVqXa0l0xNmNfel76ROeR2gv0Kme"

    package func start() async throws {
        process = try await withThread { [folder] () throws(SyscallError) in
            try RunningCommand([
                "/bin/sh", "-c", "exec docker-registry serve \"$1/registry.yml\" >>\"$1/registry.log\" 2>&1", "sh",
                folder,
            ])
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            let who = password.map { ["-u", "pouch:\($0)"] } ?? []
            if try await run(["curl", "-sf"] + who + ["http://\(authority)/v2/"]).status == 0 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw DaemonNotReady(log: "docker-registry does not answer at \(authority)")
    }

    package func stop() async {
        guard let ending = process else { return }
        ending.signal(SIGKILL)
        _ = await withThread { ending.finish(timeout: .seconds(20)) }
        process = nil
    }

    /// The lines of its access log.
    package var requests: [String] {
        let log = (try? WholeFile.read("\(folder)/registry.log")) ?? []
        return String(decoding: log, as: UTF8.self).split(separator: "\n").map(String.init).filter {
            $0.contains(" /v2/")
        }
    }

    /// Those that tell of blobs that were fetched.
    package var fetches: [String] { requests.filter { $0.contains("\"GET /v2/") && $0.contains("/blobs/") } }
}
