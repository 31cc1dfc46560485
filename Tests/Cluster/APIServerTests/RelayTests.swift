import NIOCore
import NIOPosix
import Testing

@Suite("Streams that the server passes on", .timeLimit(.minutes(1)))
struct RelayTests {
    private static let exec = """
        GET /api/v1/namespaces/default/pods/web/exec?container=main&command=wait&stdin=true&stdout=true HTTP/1.1\r
        Host: x\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        Sec-WebSocket-Protocol: v5.channel.k8s.io\r
        \r

        """

    @Test("the node hears of a client that has gone without a word, while the command says nothing")
    func departure() async throws {
        let (waits, teller) = AsyncStream<String>.makeStream()
        try await serving(ScriptedNode(waits: teller)) { port in
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await client.executeThenClose { _, outbound in
                try await outbound.write(ByteBuffer(string: Self.exec))
                for await event in waits where event == "begun" { break }
            }
            var last = ""
            for await event in waits {
                last = event
                break
            }
            #expect(last == "left")
        }
    }
}
