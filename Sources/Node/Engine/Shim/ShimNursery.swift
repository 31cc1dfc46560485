internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import ShimProtocol
internal import Synchronization

/// The process that shims are copied from, seen from pouchd: started with the first container, and again when it has died.
///
/// It ends when the socket closes, which this process's end does, too; but a request that it has not read by then it still
/// serves. So the next pouchd of the exec root ends it before it looks which shims there are.
final class ShimNursery: Sendable {
    /// What the runtime and all shims find around them.
    static let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    /// Room in the nursery's arguments for a shim's: the path of its directory above all.
    private static let titleRoom = 512

    private struct Living: ~Copyable {
        var pid: Int32
        var socket: Descriptor
    }

    private let program: String
    private let name: String
    private let execRoot: String
    private let living = Mutex<Living?>(nil)

    /// `program` is what is executed, `name` what it calls itself.
    init(program: String, name: String, execRoot: String) {
        self.program = program
        self.name = name
        self.execRoot = execRoot
    }

    /// Asks for a shim.
    ///
    /// Call it from a lane. The descriptors stay the caller's; `group` is the control group that all shims share.
    ///
    /// - Returns: Whether the nursery took the request: then the report pipe tells the rest. Otherwise nothing has happened, and
    ///   the caller starts the shim itself.
    func bear(_ request: NurseryRequest, _ descriptors: [Int32], group: String) -> Bool {
        guard request.attached.count <= NurseryRequest.mostAttached, request.directory.utf8.count < Self.titleRoom
        else {
            return false
        }
        return living.withLock { living in
            if (try? Self.send(request, descriptors, living)) != nil { return true }
            Self.bury(&living)
            do throws(SyscallError) { living = try start(group) } catch { return false }
            return (try? Self.send(request, descriptors, living)) != nil
        }
    }

    /// Waits until it is gone; the shims live on.
    func close() {
        living.withLock { Self.bury(&$0) }
    }

    /// Kills the nursery of a pouchd that is no more, with what it has copied and not yet given a shim's name.
    func endFormer() {
        var found = true
        while found {
            found = false
            for name in (try? Files.list("/proc")) ?? [] {
                guard let pid = Int32(name), isNursery(pid), let process = try? Processes.open(pid: pid), isNursery(pid)
                else { continue }
                found = true
                try? Processes.signal(pidfd: process.raw, SIGKILL)
            }
        }
    }

    private func isNursery(_ pid: Int32) -> Bool {
        let line = String(decoding: (try? WholeFile.read("/proc/\(pid)/cmdline")) ?? [], as: UTF8.self)
        return line.contains("\0nursery\0--cgroup\0") && line.contains("\0--exec-root\0\(execRoot)\0")
    }

    private static func send(
        _ request: NurseryRequest, _ descriptors: [Int32], _ living: borrowing Living?
    ) throws(SyscallError) {
        switch living {
        case .some(let living):
            try Messages.send(request.encoded(), descriptors: descriptors, over: living.socket.raw)
        case .none: throw SyscallError("sendmsg", errno: ENOTCONN, subject: "nursery")
        }
    }

    private func start(_ group: String) throws(SyscallError) -> Living {
        let pair = try Messages.pair()
        let ours = try ProcessLauncher.high(Descriptor(owning: pair.0))
        let theirs = try ProcessLauncher.high(Descriptor(owning: pair.1))
        let null = try ProcessLauncher.high(try Descriptor.open("/dev/null", O_RDWR))
        let arguments = CStringArray([
            name, "nursery", "--cgroup", group, "--exec-root", execRoot, String(repeating: " ", count: Self.titleRoom),
        ])
        let environment = CStringArray(Self.environment)
        let table = [
            clinux_spawn_descriptor(from: null.raw, to: 0), clinux_spawn_descriptor(from: null.raw, to: 1),
            clinux_spawn_descriptor(from: STDERR_FILENO, to: 2),
            clinux_spawn_descriptor(from: theirs.raw, to: ShimProtocol.reportDescriptor),
        ]
        let pid = try checkNegative("spawn", program) {
            clinux_spawn(program, arguments.pointers, environment.pointers, nil, 1, table, table.count)
        }
        return Living(pid: pid, socket: ours)
    }

    /// Takes the end of one that has died.
    private static func bury(_ living: inout Living?) {
        guard let dead = living.take() else { return }
        let pid = dead.pid
        _ = consume dead
        var result = clinux_exit()
        _ = clinux_waitid(1, pid, &result, 4)
    }
}
