import JSON
import NIOCore
import Testing

@testable import NodeStreams

@Suite("Streams over one WebSocket")
struct ChannelTests {
    private func input(_ bytes: [UInt8]) -> RemoteInput? { ChannelTerminal.input(ByteBuffer(bytes: bytes)) }

    @Test("the first byte says which stream a message belongs to")
    func channels() {
        #expect(input([0, 65, 66]) == .bytes(ByteBuffer(string: "AB")))
        #expect(input([0]) == nil)
        #expect(input([4] + Array(#"{"Width":80,"Height":24}"#.utf8)) == .resize(columns: 80, rows: 24))
        #expect(input([4] + Array(#"{"Width":-1,"Height":24}"#.utf8)) == nil)
        #expect(input([255, 0]) == .end)
        #expect(input([255, 1]) == nil)
        #expect(input([9, 1]) == nil && input([]) == nil)
    }

    @Test("an exit code reaches the client as kubectl reads it")
    func status() {
        #expect(ChannelTerminal.status(exitCode: 0)["status"] == "Success")
        let failed = ChannelTerminal.status(exitCode: 7)
        #expect(failed["reason"] == "NonZeroExitCode")
        #expect(failed["details"]?["causes"]?[0] == ["reason": "ExitCode", "message": "7"])
    }
}
