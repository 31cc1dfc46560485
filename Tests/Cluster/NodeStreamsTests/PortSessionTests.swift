import NIOCore
import Synchronization
import Testing

@testable import NodeStreams

/// A pod that gives back what it gets.
private struct EchoPod: PodStreams {
    func check(_ container: PodContainer) async throws(PodStreamError) {}

    func logs(
        of container: PodContainer, _ options: LogOptions
    ) async throws(PodStreamError) -> AsyncThrowingStream<ByteBuffer, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    func run(_ command: RemoteCommand, in container: PodContainer, _ terminal: any RemoteTerminal) async throws -> Int {
        0
    }

    func forward(_ client: any PortStream, to port: Int, in pod: PodContainer) async throws(PodStreamError) {
        do {
            while let bytes = try await client.read() { try await client.write(bytes) }
        } catch {
            throw .failed("\(error)")
        }
    }
}

/// The client's half of a SPDY connection: what it sends, and what it has been sent.
private final class ScriptedClient: Sendable {
    let transport: PortTransport
    private let sender: AsyncStream<ByteBuffer>.Continuation
    private let received: AsyncStream<ByteBuffer>

    init() {
        let (sent, sender) = AsyncStream<ByteBuffer>.makeStream()
        let (received, receiver) = AsyncStream<ByteBuffer>.makeStream()
        self.sender = sender
        self.received = received
        transport = PortTransport(
            read: {
                for await bytes in sent { return bytes }
                return nil
            }, write: { receiver.yield($0) })
    }

    func send(_ frame: ByteBuffer) { sender.yield(frame) }

    /// Waits until so many bytes came on `stream`, and what they say.
    func text(on stream: UInt32, _ count: Int) async -> String {
        var text = ""
        for await frame in received {
            var frame = frame
            guard frame.readInteger(as: UInt32.self) == stream, frame.readInteger(as: UInt32.self) != nil else {
                continue
            }
            text += String(buffer: frame)
            if text.utf8.count >= count { break }
        }
        return text
    }
}

@Suite("A client that forwards ports over SPDY, from its first frame to its last", .timeLimit(.minutes(1)))
struct PortSessionTests {
    /// A frame that opens a stream; headers are in blocks that are stored, the first behind the head of a zlib stream.
    private static func open(_ stream: UInt32, _ type: String, isFirst: Bool = false) -> ByteBuffer {
        var block = ByteBuffer()
        let headers = [("streamtype", type), ("port", "80"), ("requestid", "0")]
        block.writeInteger(UInt32(headers.count))
        for text in headers.flatMap({ [$0.0, $0.1] }) {
            block.writeInteger(UInt32(text.utf8.count))
            block.writeString(text)
        }
        let count = UInt16(block.readableBytes)
        var stored = ByteBuffer(bytes: isFirst ? [0x78, 0x01, 0] : [0])
        stored.writeInteger(count, endianness: .little)
        stored.writeInteger(~count, endianness: .little)
        stored.writeImmutableBuffer(block)
        var frame = ByteBuffer()
        frame.writeInteger(UInt32(0x8003_0001))
        frame.writeInteger(UInt32(10 + stored.readableBytes))
        frame.writeInteger(stream)
        frame.writeBytes([0, 0, 0, 0, 0, 0])
        frame.writeImmutableBuffer(stored)
        return frame
    }

    private static let goAway: ByteBuffer = {
        var frame = ByteBuffer()
        for number: UInt32 in [0x8003_0007, 8, 0, 0] { frame.writeInteger(number) }
        return frame
    }()

    private static func session(_ client: ScriptedClient) -> SPDYPortForward {
        SPDYPortForward(
            client.transport, PodContainer(namespace: "n", pod: "p", container: ""), EchoPod())
    }

    @Test("bytes that come before the stream for errors are kept for the connection")
    func early() async throws {
        let client = ScriptedClient()
        let session = Self.session(client)
        let running = Task { try await session.run() }
        client.send(Self.open(1, "data", isFirst: true))
        client.send(SPDYWriter.data(1, ByteBuffer(string: "early ")))
        client.send(Self.open(3, "error"))
        client.send(SPDYWriter.data(1, ByteBuffer(string: "and late")))
        #expect(await client.text(on: 1, 14) == "early and late")
        running.cancel()
        _ = await running.result
    }

    @Test("a client that says it goes is let go when nothing is open, though it never closes")
    func idle() async throws {
        let client = ScriptedClient()
        client.send(Self.goAway)
        try await Self.session(client).run()
    }

    @Test("a client that says it goes keeps the connections that it has until they end")
    func busy() async throws {
        let client = ScriptedClient()
        let session = Self.session(client)
        let running = Task { try await session.run() }
        client.send(Self.open(1, "error", isFirst: true))
        client.send(Self.open(3, "data"))
        client.send(Self.goAway)
        client.send(SPDYWriter.data(3, ByteBuffer(string: "still")))
        #expect(await client.text(on: 3, 5) == "still")
        client.send(SPDYWriter.data(3, ByteBuffer(), isLast: true))
        try await running.value
    }

    @Test("a stream that was given up waits for nobody")
    func givenUp() async throws {
        let client = ScriptedClient()
        let session = Self.session(client)
        let running = Task { try await session.run() }
        client.send(Self.open(1, "data", isFirst: true))
        client.send(SPDYWriter.reset(1, status: 5))
        client.send(Self.open(3, "data"))
        client.send(SPDYWriter.data(3, ByteBuffer(string: "anew")))
        client.send(Self.open(5, "error"))
        #expect(await client.text(on: 3, 4) == "anew")
        running.cancel()
        _ = await running.result
    }
}
