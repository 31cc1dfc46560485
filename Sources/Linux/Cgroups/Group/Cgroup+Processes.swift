internal import Glibc
internal import LinuxKernel

extension Cgroup {
    /// The processes of the group, and of those inside it when `recursive`; in no order, each once.
    ///
    /// A group that is gone has none.
    package func processes(recursive: Bool = true) throws(CgroupError) -> [Int32] {
        guard let mount = mountForProcesses else { return [] }
        return try Self.processes(in: directory(on: mount), recursive: recursive)
    }

    /// A hierarchy that every process of the group is in: v2 alone, else a v1 one, as a foreign `exec` into a hybrid
    /// tree may have left out the v2 side.
    private var mountForProcesses: CgroupTree.Mount? {
        for controller in [ControllerName.pids, .freezer, .memory, .devices, .cpu] {
            if let mount = tree.mount(of: controller), mount.hierarchy == .v1 || tree.layout == .unified {
                return mount
            }
        }
        return tree.mounts.first
    }

    static func processes(in directory: String, recursive: Bool) throws(CgroupError) -> [Int32] {
        var found: [Int32] = []
        do {
            let text = try GroupFile.read(directory + "/cgroup.procs") ?? ""
            found = text.split(separator: "\n").compactMap { Int32($0) }
        } catch {
            // A threaded group of v2 has no processes of its own to list; its domain does.
            guard case .kernel(_, let reason) = error, reason.errno == EOPNOTSUPP else { throw error }
        }
        guard recursive else { return found }
        for child in children(of: directory) {
            found += try processes(in: directory + "/" + child, recursive: true)
        }
        return found
    }

    /// The names of the groups directly inside `directory`.
    static func children(of directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Sends `signal` to every process of the group and the groups inside it.
    ///
    /// With SIGKILL no process escapes by forking: v2 kills the group at once, v1 is frozen meanwhile. Comes back when
    /// the signals are sent, not when the processes are gone.
    ///
    /// - Throws: ``CgroupError/timedOut(doing:)`` when after 10 rounds there are still new processes.
    package func kill(_ signal: Int32 = SIGKILL) throws(CgroupError) {
        guard signal == SIGKILL else { return try signalEach(signal) }
        if let unified = tree.unified, (try? WholeFile.set(directory(on: unified) + "/cgroup.kill", to: "1")) != nil {
            // In a hybrid tree someone may have joined the v1 side alone.
            if tree.layout == .unified { return }
            if try processes().allSatisfy(isDying) { return }
        }
        for _ in 0..<10 {
            guard try !processes().isEmpty else { return }
            let isFrozen = (try? freeze()) != nil
            try signalEach(SIGKILL)
            if isFrozen { try? thaw() }
            if try processes().allSatisfy(isDying) { return }
        }
        throw .timedOut(doing: "kill the processes of cgroup \(path)")
    }

    private func signalEach(_ signal: Int32) throws(CgroupError) {
        let own = getpid()
        for process in try processes() where process > 1 && process != own {
            if Glibc.kill(process, signal) != 0, errno != ESRCH {
                throw .kernel(
                    doing: "signal the processes of cgroup \(path)",
                    SyscallError("kill", errno: errno, subject: "\(process)"))
            }
        }
    }

    /// Gone, a zombie, or with SIGKILL pending: nothing it does can make another process.
    private func isDying(_ process: Int32) -> Bool {
        guard let status = (try? GroupFile.read("/proc/\(process)/status")) ?? nil else { return true }
        for line in status.split(separator: "\n") {
            if line.hasPrefix("State:") && (line.contains("Z") || line.contains("X")) { return true }
            guard line.hasPrefix("ShdPnd:") || line.hasPrefix("SigPnd:") else { continue }
            let mask = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).last.flatMap { UInt64($0, radix: 16) }
            if let mask, mask & (1 << UInt64(SIGKILL - 1)) != 0 { return true }
        }
        return false
    }
}
