@testable import Engine
import NIOCore
import ShimProtocol
import Synchronization
import TestSupport
import Testing

@Suite("Reading logs")
struct LogReaderTests {
    private func line(_ number: Int, stream: String = "stdout") -> String {
        let time = Timestamp(nanoseconds: Int64(number) * 1_000_000_000)
        return #"{"log":"line \#(number)\n","stream":"\#(stream)","attrs":{"k":"v"},"time":"\#(time)"}"# + "\n"
    }

    private func read(_ path: String, _ change: (inout LogOptions) -> Void = { _ in }) async throws -> [String] {
        var options = LogOptions()
        options.stdout = true
        options.stderr = true
        change(&options)
        let reader = LogReader(path: path, options: options) { false }
        var lines: [String] = []
        while let frame = try await reader.nextFrame() { lines.append(String(buffer: frame.bytes)) }
        return lines
    }

    @Test("rotated files come first, and a tail may begin in one of them")
    func rotation() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/log"
            try write(line(1) + line(2), path + ".2")
            try write(line(3) + line(4), path + ".1")
            try write(line(5), path)
            #expect(try await read(path) == (1...5).map { "line \($0)\n" })
            #expect(try await read(path) { $0.tail = 3 } == (3...5).map { "line \($0)\n" })
            #expect(try await read(path) { $0.tail = 1 } == ["line 5\n"])
            #expect(try await read(path) { $0.tail = 0 } == [])
            #expect(try await read(path) { $0.tail = 99 }.count == 5)
            // In the midst of a rotation one name leads nowhere.
            try moveFile(path + ".1", path + ".gone")
            #expect(try await read(path) == [1, 2, 5].map { "line \($0)\n" })
            try moveFile(path, path + ".1")
            #expect(try await read(path) == [1, 2, 5].map { "line \($0)\n" })
        }
    }

    @Test("a follower that two rotations overtake misses nothing")
    func overtaken() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/log"
            try write(line(1), path)
            var options = LogOptions()
            options.stdout = true
            options.follow = true
            let live = LiveFlag()
            let reader = LogReader(path: path, options: options) { live.isLive }
            #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line 1\n")
            for number in 2...4 {
                try? moveFile(path + ".1", path + ".2")
                try moveFile(path, path + ".1")
                try write(line(number), path)
                if number == 2 { try moveFile(path + ".1", path + ".3") }
            }
            for number in 2...4 {
                #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line \(number)\n")
            }
            live.end()
            #expect(try await reader.nextFrame() == nil)
        }
    }

    @Test("since, until, one stream, timestamps and details")
    func choices() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/log"
            try write(line(1) + line(2, stream: "stderr") + line(3) + "not json\n", path)
            #expect(
                try await read(path) { $0.since = Timestamp(nanoseconds: 2_000_000_000) } == ["line 2\n", "line 3\n"])
            #expect(try await read(path) { $0.until = Timestamp(nanoseconds: 1_000_000_000) } == ["line 1\n"])
            #expect(try await read(path) { $0.stdout = false } == ["line 2\n"])
            let dressed = try await read(path) {
                $0.timestamps = true
                $0.details = true
            }
            #expect(dressed.first == "1970-01-01T00:00:01.000000000Z k=v line 1\n")
            #expect(try await read(folder + "/none") == [])
        }
    }

    @Test("what was written after a place is not read, also when the file of that place was rotated since")
    func upToAPlace() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/log"
            try write(line(1), path + ".1")
            try write(line(2), path)
            let place = try #require(LogPosition.end(of: path))
            try append(line(3), path)
            func lines() async throws -> [String] {
                var options = LogOptions()
                options.stdout = true
                let reader = LogReader(path: path, options: options, end: place) { true }
                var lines: [String] = []
                while let frame = try await reader.nextFrame() { lines.append(String(buffer: frame.bytes)) }
                return lines
            }
            #expect(try await lines() == ["line 1\n", "line 2\n"])
            try moveFile(path + ".1", path + ".2")
            try moveFile(path, path + ".1")
            try write(line(4), path)
            #expect(try await lines() == ["line 1\n", "line 2\n"])
            // Of a log with one file it is gone, and all that is there came after the place.
            for older in [path + ".1", path + ".2"] { try removeFile(older) }
            #expect(try await lines() == [])
        }
    }

    @Test("a follower of a log that has one file reads it to its end before the next")
    func oneFile() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/log"
            try write(line(1), path)
            var options = LogOptions()
            options.stdout = true
            options.follow = true
            let live = LiveFlag()
            let reader = LogReader(path: path, options: options) { live.isLive }
            #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line 1\n")
            for number in 1..<5 {
                try append(line(2 * number), path)
                try removeFile(path)
                try write(line(2 * number + 1), path)
                for expected in [2 * number, 2 * number + 1] {
                    #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line \(expected)\n")
                }
            }
            live.end()
            #expect(try await reader.nextFrame() == nil)
        }
    }

    @Test("a follower sees what comes, across a rotation, and ends with the container")
    func following() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/log"
            try write(line(1), path)
            var options = LogOptions()
            options.stdout = true
            options.follow = true
            let live = LiveFlag()
            let reader = LogReader(path: path, options: options) { live.isLive }
            #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line 1\n")
            try append(line(2), path)
            #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line 2\n")
            try append(line(3), path)
            try moveFile(path, path + ".1")
            try write(line(4), path)
            #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line 3\n")
            #expect(try await reader.nextFrame().map { String(buffer: $0.bytes) } == "line 4\n")
            live.end()
            #expect(try await reader.nextFrame() == nil)
        }
    }
}

private final class LiveFlag: Sendable {
    private let state = Mutex(true)
    var isLive: Bool { state.withLock { $0 } }
    func end() { state.withLock { $0 = false } }
}
