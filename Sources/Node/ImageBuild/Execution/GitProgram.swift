internal import Archives
internal import Lanes
internal import LinuxKernel
internal import Synchronization

/// Debian's git, as far as ADD needs it.
///
/// Nothing of the machine's or root's git settings counts, nothing is asked of a terminal, and of the protocols only those that lead
/// to other machines are taken, also for submodules.
struct GitProgram: Sendable {
    private static let program = "/usr/bin/git"
    private static let environment = [
        "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1",
        "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false", "GIT_LFS_SKIP_SMUDGE=1",
        "GIT_SSH_COMMAND=\(ssh)", "GIT_ALLOW_PROTOCOL=http:https:git:ssh",
    ]
    /// ssh takes root's home from the user database, whatever HOME says: nor its settings, keys and shared connections count.
    private static let ssh =
        "ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile=none -o ControlPath=none"

    let address: GitAddress
    /// An empty folder.
    let folder: String

    /// Brings the wanted state of the repository into the folder, with its submodules.
    ///
    /// - Returns: the commit's number.
    func checkOut(keepsHistory: Bool) async throws(BuildError) -> String {
        guard Files.exists(Self.program) else {
            throw .invalid("ADD \(address.url): there is no git on this machine: install git")
        }
        try await run("init", "-q")
        let wanted = address.reference ?? "HEAD"
        if try await status("fetch", "-q", "--depth=1", "--", address.url, wanted) != 0 {
            // Some servers give no single commits, and some transports no shallow ones.
            try await run(
                "fetch", "-q", "--tags", "--", address.url, "+refs/heads/*:refs/remotes/origin/*",
                "+HEAD:refs/pouch/head")
            let known = [
                "refs/remotes/origin/\(wanted)", "refs/tags/\(wanted)", wanted == "HEAD" ? "refs/pouch/head" : wanted,
            ]
            // None of these begins with a dash: an address with such a reference is refused.
            var found = false
            for name in known where !found { found = try await status("checkout", "-q", "--detach", name) == 0 }
            guard found else { throw .invalid("ADD \(address.url): it has no branch, tag or commit \(wanted)") }
        } else {
            try await run("checkout", "-q", "--detach", "FETCH_HEAD")
        }
        if Files.exists(folder + "/.gitmodules") {
            try await run("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
        }
        let commit = try await said("rev-parse", "HEAD")
        if !keepsHistory {
            // Submodules have a file of that name, which leads into the folder.
            let folder = folder
            await Lanes.shared.run { Self.removeHistory(below: folder) }
        }
        return commit.filter { !$0.isWhitespace }
    }

    private static func removeHistory(below folder: String) {
        try? Tree.remove(path: folder + "/.git")
        for name in (try? Files.list(folder)) ?? [] {
            guard let status = try? Files.status("\(folder)/\(name)", following: false), status.isDirectory else {
                continue
            }
            removeHistory(below: "\(folder)/\(name)")
        }
    }

    // MARK: the program

    private func run(_ words: String...) async throws(BuildError) {
        let (said, status) = try await started(words)
        guard status == 0 else { throw failure(words, said) }
    }

    private func status(_ words: String...) async throws(BuildError) -> Int32 { try await started(words).status }

    private func said(_ words: String...) async throws(BuildError) -> String {
        let (said, status) = try await started(words)
        guard status == 0 else { throw failure(words, said) }
        return said
    }

    private func failure(_ words: [String], _ said: String) -> BuildError {
        let lines = said.split(separator: "\n").map { $0.hasPrefix("fatal: ") ? $0.dropFirst(7) : $0 }
        return .invalid("ADD \(address.url): git \(words[0]): \(lines.joined(separator: "; "))")
    }

    private func started(_ words: [String]) async throws(BuildError) -> (said: String, status: Int32) {
        let settings = ["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "advice.detachedHead=false"]
        let all = [Self.program] + settings + words
        let folder = folder
        let running = RunningProgram()
        let result: Result<(said: String, status: Int32), SyscallError> = await withTaskCancellationHandler {
            await Lanes.shared.run {
                do throws(SyscallError) {
                    let program = try OutsideProgram(all, environment: Self.environment, directory: folder)
                    running.started(program.pid)
                    return .success(try program.finish { running.ends() })
                } catch {
                    return .failure(error)
                }
            }
        } onCancel: {
            running.kill()
        }
        if Task.isCancelled { throw .cancelled }
        do throws(SyscallError) { return try result.get() } catch { throw .invalid("run \(Self.program): \(error)") }
    }
}

/// A program that somebody may want to stop.
private final class RunningProgram: Sendable {
    private struct State {
        var pid: Int32?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func started(_ pid: Int32) {
        state.withLock {
            $0.pid = pid
            if $0.isCancelled { Self.end(pid) }
        }
    }

    func ends() { state.withLock { $0.pid = nil } }

    func kill() {
        state.withLock {
            $0.isCancelled = true
            if let pid = $0.pid { Self.end(pid) }
        }
    }

    /// With all that it started: it leads their group.
    private static func end(_ pid: Int32) { try? Processes.signal(pid: -pid, 9) }
}
