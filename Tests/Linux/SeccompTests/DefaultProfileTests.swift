@testable internal import Seccomp
internal import CLinux
internal import Glibc
internal import Testing

@Suite("the default profile")
struct DefaultProfileTests {
    private let allow = SeccompAction.allow.code
    private let refused = SeccompAction.errno(1).code
    private let notImplemented = SeccompAction.errno(38).code

    private static let groups = CallGroup.files + CallGroup.processes + CallGroup.resources + CallGroup.privileged
    private static let byArgument: Set = ["clone", "clone3", "personality", "socket"]

    private func program(_ capabilities: Set<String> = []) throws -> SeccompProgram {
        try SeccompProgram.compile(.default(capabilities: capabilities))
    }

    private func number(_ name: String) -> UInt32 {
        let known = seccomp_syscall_resolve_name_arch(SeccompArchitecture.x86_64.token, name)
        return known >= 0 ? UInt32(known) : NewestCalls.number(of: name, on: .x86_64) ?? 0xffff
    }

    @Test func `names every call once`() {
        var seen: Set<String> = []
        for name in (Self.groups + CallGroup.refused).flatMap(\.names) {
            #expect(seen.insert(name).inserted, "\(name) is in two groups")
            #expect(!Self.byArgument.contains(name))
        }
    }

    @Test(
        "has thought of every call that the library knows",
        arguments: [SeccompArchitecture.x86_64, .x86, .x32, .aarch64, .arm, .riscv64])
    func complete(architecture: SeccompArchitecture) {
        let known = Set((Self.groups + CallGroup.refused).flatMap(\.names)).union(Self.byArgument)
        for number in Int32(0)..<1000 {
            let number = number + Int32(truncatingIfNeeded: architecture == .x32 ? 0x4000_0000 : 0)
            guard let text = seccomp_syscall_resolve_num_arch(architecture.token, number) else { continue }
            let name = String(cString: text)
            free(text)
            #expect(known.contains(name), "\(name) of \(architecture.rawValue) is in no group")
        }
        for name in NewestCalls.numbers.keys { #expect(known.contains(name), "\(name) is in no group") }
    }

    @Test func `names no call that nobody knows`() {
        for name in (Self.groups + CallGroup.refused).flatMap(\.names) where NewestCalls.numbers[name] == nil {
            #expect(seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR, "\(name) is a misspelling")
        }
    }

    @Test(
        "lets ordinary programs work",
        arguments: [
            "read", "openat", "mmap", "futex", "execve", "wait4", "rt_sigaction", "epoll_wait", "getrandom", "statx",
            "rseq", "membarrier", "sched_setaffinity", "io_submit", "mq_open", "prctl", "seccomp", "memfd_create",
            "clone", "ptrace", "inotify_add_watch", "timerfd_create", "fchmodat2", "mseal", "futex_waitv", "cachestat",
        ])
    func ordinary(name: String) throws {
        #expect(try program().answer(to: Call(number(name))) == allow)
    }

    @Test(
        "refuses what reaches past the container",
        arguments: [
            "mount", "umount2", "unshare", "setns", "pivot_root", "init_module", "kexec_load", "reboot", "bpf",
            "perf_event_open", "keyctl", "add_key", "userfaultfd", "io_uring_setup", "open_by_handle_at", "swapon",
            "iopl", "settimeofday", "syslog", "quotactl", "fsopen", "move_mount", "open_tree_attr", "acct",
        ])
    func dangerous(name: String) throws {
        #expect(try program().answer(to: Call(number(name))) == refused)
    }

    @Test(
        "opens a group for its capability",
        arguments: [
            ("CAP_SYS_ADMIN", "mount"), ("CAP_SYS_ADMIN", "bpf"), ("CAP_BPF", "bpf"),
            ("CAP_PERFMON", "perf_event_open"),
            ("CAP_SYS_TIME", "clock_settime"), ("CAP_SYS_MODULE", "finit_module"), ("CAP_SYS_BOOT", "reboot"),
            ("CAP_SYS_NICE", "mbind"), ("CAP_SYS_PTRACE", "kcmp"), ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
            ("CAP_SYS_CHROOT", "chroot"), ("CAP_SYSLOG", "syslog"), ("CAP_SYS_RAWIO", "iopl"),
            ("CAP_SYS_PACCT", "acct"), ("CAP_SYS_TTY_CONFIG", "vhangup"), ("CAP_SYS_ADMIN", "clone3"),
        ])
    func capability(name: String, call: String) throws {
        #expect(try program([name]).answer(to: Call(number(call))) == allow)
        #expect(try program(["CAP_CHOWN"]).answer(to: Call(number(call))) != allow)
    }

    @Test func `lets nobody make a namespace by clone, and hides clone3`() throws {
        let program = try program()
        let thread: UInt64 = 0x3d0f00
        #expect(program.answer(to: Call(56, .x86_64, [thread])) == allow)
        #expect(program.answer(to: Call(56, .x86_64, [17])) == allow)
        for bit in [17, 25, 26, 27, 28, 29, 30] {
            #expect(program.answer(to: Call(56, .x86_64, [17 | 1 << bit])) == refused)
        }
        #expect(program.answer(to: Call(435)) == notImplemented)
        #expect(try self.program(["CAP_SYS_ADMIN"]).answer(to: Call(56, .x86_64, [1 << 28])) == allow)
    }

    @Test func `tells families of sockets apart by the 32 bits that the kernel looks at`() throws {
        let program = try program()
        for family: UInt64 in 0..<48 {
            let expected = family == 38 || family == 40 ? refused : allow
            #expect(program.answer(to: Call(41, .x86_64, [family])) == expected, "family \(family)")
            #expect(program.answer(to: Call(41, .x86_64, [family | 1 << 32])) == expected, "family \(family)")
        }
        #expect(program.answer(to: Call(41, .x86_64, [48])) == refused)
    }

    @Test func `knows the personalities`() throws {
        let program = try program()
        for value: UInt64 in [0, 8, 0x20000, 0x20008, 0x40000, 0xffff_ffff, 0xffff_ffff_ffff_ffff] {
            #expect(program.answer(to: Call(135, .x86_64, [value])) == allow)
        }
        #expect(program.answer(to: Call(135, .x86_64, [0x40_0000])) == refused)
    }

    @Test func `says ENOSYS to every number of the future, on every architecture`() throws {
        let program = try program()
        for (architecture, offset) in [(SeccompArchitecture.x86_64, UInt32(0)), (.x86, 0), (.x32, 0x4000_0000)] {
            for number: UInt32 in [470, 471, 600, 9999] {
                #expect(program.answer(to: Call(offset + number, architecture)) == notImplemented)
            }
            #expect(program.answer(to: Call(offset + 469, architecture)) == allow)
        }
        // x32's own readv and execveat, and what comes after them.
        #expect(program.answer(to: Call(0x4000_0000 + 515, .x32)) == allow)
        #expect(program.answer(to: Call(0x4000_0000 + 545, .x32)) == allow)
        #expect(program.answer(to: Call(0x4000_0000 + 548, .x32)) == notImplemented)
    }

    @Test func `needs a kernel where tracing does not undo a filter before it lets anyone trace`() throws {
        let old = try SeccompProgram.compile(.default(kernel: KernelVersion(4, 4)))
        #expect(old.answer(to: Call(number("ptrace"))) == refused)
    }

    @Test func `compiles for other machines as well`() throws {
        for architecture in [SeccompArchitecture.aarch64, .riscv64, .s390x, .ppc64le] as [SeccompArchitecture] {
            let profile = SeccompProfile.default(architecture: architecture)
            #expect(profile.architectures.first == architecture)
            _ = try SeccompProgram.compile(profile)
        }
    }
}
