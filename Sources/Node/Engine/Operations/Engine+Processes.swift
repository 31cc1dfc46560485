internal import CLinux
internal import Lanes
internal import LinuxKernel
internal import ShimProtocol

extension Engine {
    /// What `ps` says about the container's processes.
    package func top(_ reference: String, arguments: String) async throws(EngineError) -> TopResult {
        let container = try await container(reference)
        let pids = try await container.processes()
        let words = arguments.split(separator: " ").map(String.init)
        let output = try await Lanes.shared.run { () throws(EngineError) in
            try ProcessTable.ps(words.isEmpty ? ["-ef"] : words)
        }
        let result = try ProcessTable.parse(output, pids: Set(pids))
        await container.announce("top")
        return result
    }
}

extension Container {
    /// Pids of the host.
    func processes() async throws(EngineError) -> [Int32] {
        guard let run, machine.process != nil else { throw .notRunning(id) }
        if case .restarting = machine.phase {
            throw .conflict("Container \(id) is restarting, wait until the container is running")
        }
        guard case .processes(let pids) = try await run.link.request(.processes) else { return [] }
        return pids
    }
}

/// The output of ps(1).
enum ProcessTable {
    /// Runs the host's `ps`; blocks.
    static func ps(_ arguments: [String]) throws(EngineError) -> String {
        let words = CStringArray(["ps"] + arguments)
        let environment = CStringArray(["PATH=/usr/bin:/bin", "COLUMNS=512", "LC_ALL=C"])
        do throws(SyscallError) {
            let null = try ProcessLauncher.high(try Descriptor.open("/dev/null", 2))
            var ends: [Int32] = [0, 0]
            try checkNegative("pipe2") { clinux_pipe(&ends) }
            let reading = Descriptor(owning: ends[0])
            let pid: Int32
            do throws(SyscallError) {
                let writing = try ProcessLauncher.high(Descriptor(owning: ends[1]))
                let table = [
                    clinux_spawn_descriptor(from: null.raw, to: 0), clinux_spawn_descriptor(from: writing.raw, to: 1),
                    clinux_spawn_descriptor(from: writing.raw, to: 2),
                ]
                pid = try checkNegative("spawn", "ps") {
                    clinux_spawn("ps", words.pointers, environment.pointers, nil, 0, table, table.count)
                }
            } catch {
                throw error
            }
            let output = try reading.readToEnd()
            var result = clinux_exit()
            _ = clinux_waitid(1, pid, &result, 4)
            let text = String(decoding: output, as: UTF8.self)
            guard result.code == 1, result.status == 0 else {
                throw SyscallError("ps", errno: 22, subject: String(text.prefix { !$0.isNewline }))
            }
            return text
        } catch {
            throw .failed("ps: \(error)")
        }
    }

    /// The lines about `pids`.
    static func parse(_ output: String, pids: Set<Int32>) throws(EngineError) -> TopResult {
        var lines = output.split(whereSeparator: \.isNewline)
        guard !lines.isEmpty else { throw .failed("ps gave no output") }
        var result = TopResult()
        result.titles = lines.removeFirst().split(separator: " ").map(String.init)
        guard let column = result.titles.firstIndex(of: "PID") else {
            throw .invalid("Couldn't find PID field in ps output")
        }
        for line in lines {
            let fields = line.split(separator: " ", maxSplits: result.titles.count - 1)
            guard fields.count > column, let pid = Int32(fields[column]), pids.contains(pid) else { continue }
            result.processes.append(fields.map(String.init))
        }
        return result
    }
}
