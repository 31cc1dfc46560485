internal import Glibc
internal import LinuxKernel
internal import TestSupport
internal import Testing

@Suite("Processes")
struct ProcessesTests {
    @Test func theStartTimeNamesAProcessForGood() throws {
        let own = try #require(Processes.startTime(of: Processes.ownPID))
        #expect(own == Processes.startTime(of: Processes.ownPID))
        #expect(Processes.startTime(of: Int32.max) == nil)
        // The name of a process may hold anything; fields are counted from the end of it.
        #expect(Processes.status(of: 1)?.startTime != nil)
    }

    @Test func aPidfdSignalsAndAwaits() async throws {
        let command = try RunningCommand(["sleep", "100"])
        let pidfd = try Processes.open(pid: command.pid)
        #expect(try Processes.pid(of: pidfd.raw) == command.pid)
        try Processes.signal(pidfd: pidfd.raw, SIGTERM)
        #expect(command.finish(timeout: .seconds(10)).status == 128 + SIGTERM)
        #expect(throws: SyscallError("pidfd_send_signal", errno: ESRCH)) {
            try Processes.signal(pidfd: pidfd.raw, 0)
        }
    }

    @Test func endsAreAShells() {
        #expect(ProcessEnd.exited(code: 7).shellCode == 7)
        #expect(ProcessEnd.killed(signal: 9, dumpedCore: false).shellCode == 137)
    }
}

@Suite("Capabilities")
struct CapabilitiesTests {
    @Test func namesAreReadInAnySpelling() {
        #expect(CapabilitySet(named: "CAP_SYS_ADMIN") == .sysAdmin)
        #expect(CapabilitySet(named: "sys_admin") == .sysAdmin)
        #expect(CapabilitySet(named: "CAP_NOSUCH") == nil && CapabilitySet(named: "") == nil)
        #expect(CapabilitySet(named: "CAP_CHOWN")?.rawValue == 1)
        #expect(CapabilitySet(named: "CAP_CHECKPOINT_RESTORE")?.rawValue == 1 << 40)
    }

    @Test func spellingAndReadingAreInverse() throws {
        let some = CapabilitySet(rawValue: 0b1011 << 20)
        #expect(some.spelled.compactMap { CapabilitySet(named: $0) }.reduce([]) { $0.union($1) } == some)
    }

    @Test func theKernelKnowsThoseThatWeName() {
        #expect(Capabilities.known().rawValue.nonzeroBitCount >= 38)
    }
}

@Suite("Messages")
struct MessagesTests {
    @Test func keepTheirBordersAndCarryDescriptors() throws {
        let pair = try Messages.pair()
        let left = Descriptor(owning: pair.0)
        let right = Descriptor(owning: pair.1)
        let file = try Descriptor.open("/dev/null")
        try Messages.send([1, 2, 3], over: left.raw)
        try Messages.send([4], descriptors: [file.raw, file.raw], over: left.raw)
        #expect(try Messages.receive(over: right.raw).bytes == [1, 2, 3])
        let second = try Messages.receive(over: right.raw)
        #expect(second.bytes == [4] && second.descriptors.count == 2)
        for number in second.descriptors {
            let received = Descriptor(owning: number)
            #expect(try Files.status(of: received.raw).isCharacterDevice)
        }
    }

    @Test func theEndIsAnEmptyMessage() throws {
        let pair = try Messages.pair()
        let right = Descriptor(owning: pair.1)
        close(pair.0)
        #expect(try Messages.receive(over: right.raw).bytes.isEmpty)
    }

    @Test func aPathThatIsTooLongIsRefused() {
        let path = "/" + String(repeating: "x", count: 108)
        #expect(throws: SyscallError("connect", errno: ENAMETOOLONG, subject: path)) {
            _ = try Messages.connect(to: path)
        }
    }
}

@Suite("Limits")
struct LimitsTests {
    @Test(arguments: LimitedResource.allCases)
    func constantsAreInverse(_ resource: LimitedResource) {
        #expect(LimitedResource(constant: resource.constant) == resource)
    }

    @Test func constantsAreTheKernels() {
        #expect(LimitedResource(constant: "RLIMIT_NOFILE")?.rawValue == 7)
        #expect(LimitedResource(constant: "RLIMIT_RTTIME")?.rawValue == 15)
        #expect(LimitedResource(constant: "NOFILE") == nil && LimitedResource(constant: "RLIMIT_X") == nil)
    }
}

@Suite("Files")
struct FilesTests {
    @Test func devicesHaveTheirNumbers() throws {
        let null = try Files.status("/dev/null")
        #expect(null.isCharacterDevice && null.major == 1 && null.minor == 3)
    }

    @Test func filesystemsHaveTheirNumbers() throws {
        let proc = try Descriptor.open("/proc", Descriptor.pathOnly)
        #expect(try Files.magic(of: proc.raw) == Files.Magic.proc)
    }

    @Test func noPathLeavesARoot() throws {
        try withScratchDirectorySync { folder in
            try Files.makeDirectory("\(folder)/etc", mode: 0o755)
            try Files.makeLink("\(folder)/up", to: "../../../../etc")
            try Files.makeLink("\(folder)/absolute", to: "/etc")
            let root = try Descriptor.open(folder, Descriptor.pathOnly)
            let inside = try Files.status("\(folder)/etc")
            for path in ["up", "absolute", "/etc", "../../etc", "up/../etc"] {
                let opened = try Descriptor.open(inRoot: root.raw, path, Descriptor.pathOnly)
                #expect(try Files.status(of: opened.raw).inode == inside.inode, "\(path)")
            }
            #expect(throws: SyscallError.self) {
                _ = try Descriptor.open(inRoot: root.raw, "/proc/self/root", Descriptor.pathOnly)
            }
        }
    }
}
