import Glibc
import Testing
import TestSupport

@testable import HTTPKit

@Suite struct UnixListenerTests {
    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("makes the folder, sets the mode, and replaces what a dead daemon left") func replaces() throws {
        try withScratchDirectorySync { directory in
            let listener = UnixListener(path: "\(directory)/a/b/s.sock")
            let first = try listener.open()
            #expect(mode(listener.path) == 0o660)
            #expect(mode("\(directory)/a/b") == 0o755)
            close(first)
            let second = try listener.open()
            close(second)
        }
    }

    @Test("refuses a socket that somebody answers, and a file that is none") func refuses() throws {
        try withScratchDirectorySync { directory in
            let listener = UnixListener(path: "\(directory)/s.sock")
            let first = try listener.open()
            #expect(throws: ListenError.inUse(path: listener.path)) { try listener.open() }
            close(first)
            let file = UnixListener(path: "\(directory)/file")
            close(open(file.path, O_CREAT | O_WRONLY, 0o600))
            #expect(throws: ListenError.notASocket(path: file.path)) { try file.open() }
            let long = UnixListener(path: "\(directory)/" + String(repeating: "x", count: 110))
            #expect(throws: ListenError.pathTooLong(path: long.path)) { try long.open() }
        }
    }

    @Test("removes its name, but not that of its successor") func removes() throws {
        try withScratchDirectorySync { directory in
            let listener = UnixListener(path: "\(directory)/s.sock")
            close(try listener.open())
            let mine = listener.identity()
            close(try listener.open())
            listener.remove(mine)
            #expect(mode(listener.path) == 0o660)
            listener.remove(listener.identity())
            #expect(mode(listener.path) == 0)
        }
    }
}
