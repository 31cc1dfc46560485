internal import CLinux
internal import Glibc
internal import LinuxKernel
@testable internal import Seccomp
internal import TestSupport
internal import Testing

/// Every test ends its own process: a filter cannot be taken off again.
@Suite("a filter in the kernel", .needs(.root))
struct KernelTests {
    @Test func `says ENOSYS to a number of the future and EPERM to a call of the past`() async {
        await #expect(processExitsWith: .success) {
            try installDefault()
            check(call(9999) == -Int(ENOSYS), 1)
            check(call(SYS_mount) == -Int(EPERM), 2)
            check(call(SYS_getpid) == Int(getpid()), 3)
            check(call(435) == -Int(ENOSYS), 4)
            check(call(SYS_unshare, 0x1000_0000) == -Int(EPERM), 5)
            check(call(425) == -Int(EPERM), 6)
            exit(0)
        }
    }

    @Test func `reads arguments`() async {
        await #expect(processExitsWith: .success) {
            try installDefault()
            check(call(SYS_socket, 40, 1, 0) == -Int(EPERM), 1)
            check(call(SYS_socket, 1 << 32 | 40, 1, 0) == -Int(EPERM), 2)
            check(call(SYS_socket, 38, 5, 0) == -Int(EPERM), 3)
            check(call(SYS_socket, 1, 1, 0) >= 0, 4)
            check(call(SYS_personality, 0xffff_ffff) == 0, 5)
            check(call(SYS_personality, 0x40_0000) == -Int(EPERM), 6)
            exit(0)
        }
    }

    @Test func `answers x32's numbers in place of the kernel`() async {
        await #expect(processExitsWith: .success) {
            try installDefault()
            check(call(0x4000_0000 + 9999) == -Int(ENOSYS), 1)
            check(call(0x4000_0000 + Int(SYS_mount)) == -Int(EPERM), 2)
            exit(0)
        }
    }

    @Test func `lets a default action say its own errno`() async {
        await #expect(processExitsWith: .success) {
            var profile = SeccompProfile(defaultAction: .allow)
            profile.rules = [SeccompRule(["getppid"], .errno(77)), SeccompRule(["mseal"], .errno(78))]
            _ = try SeccompProgram.compile(profile).install()
            check(call(SYS_getppid) == -77, 1)
            check(call(462) == -78, 2)
            exit(0)
        }
    }

    @Test func `hands out a listener`() async {
        await #expect(processExitsWith: .success) {
            var profile = SeccompProfile(defaultAction: .allow)
            profile.rules = [SeccompRule(["getppid"], .notify)]
            guard let listener = try SeccompProgram.compile(profile).install() else { _exit(1) }
            check(fcntl(listener.raw, F_GETFD) == FD_CLOEXEC, 2)
            exit(0)
        }
    }

    @Test(
        "takes every flag", arguments: [SeccompFlags.synchronizeThreads, .log, .allowSpeculation, .waitKillable])
    func flags(flag: SeccompFlags) async {
        await #expect(processExitsWith: .success) { [raw = flag.rawValue as UInt32] in
            let flag = SeccompFlags(rawValue: raw)
            let profile = SeccompProfile(
                defaultAction: .allow, flags: [flag],
                rules: [SeccompRule(["getppid"], flag == .waitKillable ? .notify : .errno(77))])
            let listener = try SeccompProgram.compile(profile).install()
            check((listener == nil) == (flag != .waitKillable), 1)
            if flag != .waitKillable { check(call(SYS_getppid) == -77, 2) }
            exit(0)
        }
    }

    @Test func `passes over a flag about listeners that there are none of`() async {
        await #expect(processExitsWith: .success) {
            let rules = [SeccompRule(["getppid"], .errno(77))]
            let profile = SeccompProfile(defaultAction: .allow, flags: .waitKillable, rules: rules)
            _ = try SeccompProgram.compile(profile).install()
            check(call(SYS_getppid) == -77, 1)
            exit(0)
        }
    }

    @Test func `kills`() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            var profile = SeccompProfile(defaultAction: .allow)
            profile.rules = [SeccompRule(["getppid"], .killProcess)]
            _ = try SeccompProgram.compile(profile).install()
            _ = call(SYS_getppid)
        }
    }
}

private func installDefault() throws {
    _ = try SeccompProgram.compile(.default()).install()
}

private func call(_ number: some BinaryInteger, _ a: UInt = 0, _ b: UInt = 0, _ c: UInt = 0) -> Int {
    clinux_raw_call(Int(number), a, b, c, 0, 0, 0)
}

private func check(_ holds: Bool, _ code: Int32) {
    if !holds { _exit(code) }
}
