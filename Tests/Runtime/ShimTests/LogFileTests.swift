internal import LinuxKernel
internal import ShimProtocol
internal import TestSupport
internal import Testing

@testable internal import Shim

@Suite("Log file")
struct LogFileTests {
    private func text(_ path: String) -> String? {
        (try? WholeFile.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("lines are appended, and rotation shifts the older files until the oldest goes")
    func rotation() throws {
        try withScratchDirectorySync { folder in
            let path = "\(folder)/log"
            var file = try LogFile(path: path, maxFile: 3)
            let bytes = Array("1\n2\n3\n4\n".utf8)
            let failure = bytes.withUnsafeBytes { file.write($0, cuts: [2, 4, 6]) }
            #expect(failure == nil)
            #expect(text(path) == "4\n")
            #expect(text(path + ".1") == "3\n")
            #expect(text(path + ".2") == "2\n")
            #expect(text(path + ".3") == nil)
            #expect(file.size == 2)
            #expect(file.counters == ShimState.Log(logged: 8))
        }
    }

    @Test("with one file rotation begins it anew, and who reads the old one can finish it")
    func oneFile() throws {
        try withScratchDirectorySync { folder in
            var file = try LogFile(path: "\(folder)/log", maxFile: 1)
            let reading = try Descriptor.open("\(folder)/log", 0)
            let before = file.inode
            _ = Array("1\n2\n".utf8).withUnsafeBytes { file.write($0, cuts: [2]) }
            #expect(text("\(folder)/log") == "2\n")
            #expect(String(decoding: try reading.readToEnd(), as: UTF8.self) == "1\n")
            #expect(file.inode != before && file.size == 2)
        }
    }

    @Test(
        "a line that a killed shim left half is cut off when the log is opened again",
        arguments: [("a\nb\nhal", "a\nb\n"), ("half", ""), ("", ""), ("a\n", "a\n")])
    func repair(before: String, after: String) throws {
        try withScratchDirectorySync { folder in
            let path = "\(folder)/log"
            try WholeFile.replace(path, with: Array(before.utf8))
            let file = try LogFile(path: path, maxFile: 1)
            #expect(text(path) == after)
            #expect(file.size == UInt64(after.utf8.count))
        }
    }

    @Test("a half line longer than one read is cut off whole")
    func longRepair() throws {
        try withScratchDirectorySync { folder in
            let path = "\(folder)/log"
            try WholeFile.replace(path, with: Array("whole\n".utf8) + [UInt8](repeating: 0x61, count: 20_000))
            _ = try LogFile(path: path, maxFile: 1)
            #expect(text(path) == "whole\n")
        }
    }

    @Test("a disk that refuses loses lines, counts them and is told once")
    func fullDisk() throws {
        try withScratchDirectorySync { folder in
            // Always full, whoever writes.
            let log = try ContainerLog(ShimConfiguration.Log(path: "/dev/full"))
            let bytes = Array("x\n".utf8)
            var events: [ShimEvent] = []
            for _ in 0..<3 {
                bytes.withUnsafeBytes { log.append($0, from: .stdout, now: 0) }
                if let event = log.flush() { events.append(event) }
            }
            #expect(events.count == 1)
            guard case .logFailed(28, _) = events.first else {
                Issue.record("not ENOSPC: \(events)")
                return
            }
            #expect(log.counters.failures == 3)
            #expect(log.counters.logged == 0)
            #expect(log.counters.lost > 0)
        }
    }

    @Test("a log that cannot be opened is an error")
    func noFolder() {
        #expect(throws: SyscallError.self) { _ = try ContainerLog(ShimConfiguration.Log(path: "/does/not/exist")) }
    }
}
