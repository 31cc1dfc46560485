import Engine
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import EngineAPI

@Suite struct WireTests {
    @Test("a frame says its stream and length in eight bytes; a terminal's output is bare") func frames() {
        let frame = OutputFrame(stream: .stderr, bytes: ByteBuffer(string: "hello"))
        let wire = frame.wire(multiplexed: true).flatMap { Array(buffer: $0) }
        #expect(wire == [2, 0, 0, 0, 0, 0, 0, 5] + Array("hello".utf8))
        #expect(frame.wire(multiplexed: false) == [ByteBuffer(string: "hello")])
    }

    @Test("the multiplexed form has a name of its own since 1.42") func mediaTypes() {
        let multiplexed = "application/vnd.docker.multiplexed-stream"
        let raw = "application/vnd.docker.raw-stream"
        #expect(MediaType.stream(multiplexed: true, for: APIVersion(major: 1, minor: 42)) == multiplexed)
        #expect(MediaType.stream(multiplexed: true, for: APIVersion(major: 1, minor: 41)) == raw)
        #expect(MediaType.stream(multiplexed: false, for: .current) == raw)
    }

    @Test("every error has the status that Docker's clients know it by") func statuses() {
        let expected: [(EngineError, Int)] = [
            (.notFound("x"), 404), (.invalid("x"), 400), (.conflict("x"), 409), (.notModified("x"), 304),
            (.forbidden("x"), 403), (.unauthorized("x"), 401), (.unsupported("x"), 501), (.failed("x"), 500),
            (.startFailed(.init(stage: "exec", message: "x", exitCode: 127)), 400),
            (.startFailed(.init(stage: "mount", message: "x")), 500),
        ]
        for (error, code) in expected { #expect(error.status.code == code, "\(error)") }
        #expect(EngineError.notModified("x").answer.body.contentLength == 0)
    }
}
