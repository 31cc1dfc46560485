import Glibc
import LinuxKernel

/// Debian's docker-registry on the loopback address, with its own storage.
package final class DebianRegistry: @unchecked Sendable {  // handed from thread to thread by one test, never shared
    package let authority: String
    private let folder: String
    private var process: RunningCommand?

    /// Starts one below `folder`, on a port that follows from this process, and waits until it answers.
    package init(in folder: String, offset: Int = 0) async throws {
        self.folder = folder
        let port = 21_000 + Int(getpid()) % 20_000 + offset
        authority = "127.0.0.1:\(port)"
        let settings = """
            version: 0.1
            log: {level: info, accesslog: {disabled: false}}
            storage: {filesystem: {rootdirectory: \(folder)/registry}, delete: {enabled: true}}
            http: {addr: "\(authority)"}

            """
        try WholeFile.replace("\(folder)/registry.yml", with: Array(settings.utf8))
        try await bringLoopbackUp()
        try await start()
    }

    package func start() async throws {
        process = try await withThread { [folder] () throws(SyscallError) in
            try RunningCommand([
                "/bin/sh", "-c", "exec docker-registry serve \"$1/registry.yml\" >>\"$1/registry.log\" 2>&1", "sh",
                folder,
            ])
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if try await run(["curl", "-sf", "http://\(authority)/v2/"]).status == 0 { return }
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
