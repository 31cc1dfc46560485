internal import ShimProtocol
internal import TestSupport
internal import Testing

@testable internal import Shim

/// A client of the switchboard as a test sees it: what it read, and what it should have.
private struct Client {
    var decoder = FrameDecoder()
    var streams: StreamSelection
    /// Where in the process's output it came in.
    let since: [Int]
    /// How much of the process's output, from its beginning, it has seen or missed; by stream.
    var position: [Int]
    var hasEnd = false
    var exits = 0
}

/// Drives a switchboard with one process and clients that come, read at any pace, and go.
private struct Model {
    var board = Switchboard()
    var clients: [ConnectionID: Client] = [:]
    var output: [[UInt8]] = [[], []]
    let seed: UInt64
    var fed: [UInt8] = []
    var taken: [UInt8] = []
    private var next: UInt32 = 1
    private var counter: UInt8 = 0

    init(seed: UInt64) {
        self.seed = seed
        board.openInput(of: .container, isOpen: true)
    }

    mutating func attach(using random: inout SplitMix64) {
        let id = ConnectionID(number: next)
        next += 1
        let streams = StreamSelection(
            stdin: .random(using: &random), stdout: .random(using: &random), stderr: .random(using: &random))
        board.open(id)
        board.attach(id, to: .container, streams: streams)
        let here = output.map(\.count)
        clients[id] = Client(streams: streams, since: here, position: here)
    }

    mutating func write(using random: inout SplitMix64) {
        let stream: OutputStream = .random(using: &random) ? .stdout : .stderr
        guard board.acceptsOutput(stream, of: .container) else { return }
        counter &+= 1
        var bytes = [UInt8](repeating: counter, count: Int.random(in: 1...60_000, using: &random))
        bytes[0] = ~counter
        output[stream.rawValue] += bytes
        bytes.withUnsafeBytes { board.deliver($0, from: stream, of: .container) }
    }

    mutating func read(_ id: ConnectionID, atMost limit: Int) throws {
        let bytes = board.withNext(for: id) { Array($0.prefix(limit)) } ?? []
        board.wrote(bytes.count, to: id)
        clients[id]?.decoder.append(bytes)
        while let frame = try clients[id]?.decoder.next() {
            switch frame.kind {
            case .stdout: compare(frame.payload, .stdout, id)
            case .stderr: compare(frame.payload, .stderr, id)
            case .endOfOutput: clients[id]?.hasEnd = true
            case .event: clients[id]?.exits += 1
            default: Issue.record("unexpected \(frame.kind)")
            }
        }
    }

    /// What came must be what follows in the output.
    private mutating func compare(_ payload: [UInt8], _ stream: OutputStream, _ id: ConnectionID) {
        let start = clients[id]?.position[stream.rawValue] ?? 0
        let end = start + payload.count
        #expect(end <= output[stream.rawValue].count, "seed \(seed)")
        guard end <= output[stream.rawValue].count else { return }
        let isNext = output[stream.rawValue][start..<end] == payload[...]
        #expect(isNext, "seed \(seed): \(stream) of \(id)")
        clients[id]?.position[stream.rawValue] = end
    }

    mutating func feed(_ id: ConnectionID, using random: inout SplitMix64) {
        guard board.acceptsInput(from: id) else { return }
        counter &+= 1
        let bytes = [UInt8](repeating: counter, count: Int.random(in: 1...9000, using: &random))
        board.feed(bytes, from: id)
        if clients[id]?.streams.stdin == true { fed += bytes }
    }

    mutating func takeInput(atMost limit: Int) {
        let bytes = board.withNextInput(for: .container) { Array($0.prefix(limit)) } ?? []
        _ = board.wroteInput(bytes.count, to: .container)
        taken += bytes
    }

    func check() {
        for id in clients.keys {
            #expect(board.waitingCount(for: id) <= Switchboard.limit + 2 * 60_100, "seed \(seed)")
        }
        #expect(fed.count - taken.count <= InputFunnel.limit + 9000, "seed \(seed)")
    }

    mutating func drainAll() throws {
        for id in clients.keys {
            while board.hasWaiting(for: id) { try read(id, atMost: .max) }
        }
        while board.hasInputWaiting(for: .container) { takeInput(atMost: .max) }
    }
}

@Suite("Switchboard")
struct SwitchboardTests {
    @Test("no byte is lost, doubled or out of order for anybody, and queues stay bounded", arguments: UInt64(0)..<60)
    func random(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var model = Model(seed: seed)
        for _ in 0..<200 {
            let someone = model.clients.keys.sorted().randomElement(using: &random)
            switch (Int.random(in: 0..<12, using: &random), someone) {
            case (0, _): if model.clients.count < 5 { model.attach(using: &random) }
            case (1, let id?):
                guard Int.random(in: 0..<6, using: &random) == 0 else { continue }
                model.board.close(id)
                model.clients[id] = nil
            case (2...5, _): model.write(using: &random)
            case (6...8, let id?): try model.read(id, atMost: Int.random(in: 1...150_000, using: &random))
            case (9, let id?): model.feed(id, using: &random)
            case (10...11, _): model.takeInput(atMost: Int.random(in: 1...20_000, using: &random))
            default: continue
            }
            model.check()
        }
        try model.drainAll()
        model.board.finish(.container, with: .exited(exec: nil, ShimExit(code: 0, time: 0)))
        try model.drainAll()
        model.check()
        for (id, client) in model.clients {
            for stream in OutputStream.allCases {
                let isWanted = stream == .stdout ? client.streams.stdout : client.streams.stderr
                let end = isWanted ? model.output[stream.rawValue].count : client.since[stream.rawValue]
                #expect(client.position[stream.rawValue] == end, "seed \(seed)")
            }
            #expect(client.hasEnd && client.exits == 1)
            #expect(model.board.isFinished(id))
        }
        #expect(model.taken == model.fed, "seed \(seed)")
    }

    private let chunk = [UInt8](repeating: 1, count: 60_000)
    private let first = ConnectionID(number: 1)
    private let second = ConnectionID(number: 2)

    private func board(_ streams: StreamSelection = .all) -> Switchboard {
        var board = Switchboard()
        board.openInput(of: .container, isOpen: true)
        for id in [first, second] {
            board.open(id)
            board.attach(id, to: .container, streams: streams)
        }
        return board
    }

    private func fill(_ board: inout Switchboard) {
        while board.acceptsOutput(.stdout, of: .container) {
            chunk.withUnsafeBytes { board.deliver($0, from: .stdout, of: .container) }
        }
    }

    @Test("the slowest reader holds up the process until it reads or goes")
    func slowest() {
        var board = board()
        fill(&board)
        while board.hasWaiting(for: first) { board.wrote(board.withNext(for: first) { $0.count } ?? 0, to: first) }
        #expect(!board.acceptsOutput(.stdout, of: .container))
        board.close(second)
        #expect(board.acceptsOutput(.stdout, of: .container))
    }

    @Test("a reader of stdout alone does not hold up stderr")
    func otherStream() {
        var board = board(StreamSelection(stdout: true))
        fill(&board)
        #expect(!board.acceptsOutput(.stdout, of: .container))
        #expect(board.acceptsOutput(.stderr, of: .container))
    }

    @Test("the output of a process that has ended is taken whatever waits")
    func ended() {
        var board = board()
        fill(&board)
        board.stopThrottling(.container)
        #expect(board.acceptsOutput(.stdout, of: .container))
        board.resumeThrottling(.container)
        #expect(!board.acceptsOutput(.stdout, of: .container))
    }

    @Test("an exec's output goes to its own client")
    func execs() {
        var board = board()
        let client = ConnectionID(number: 3)
        board.open(client)
        board.attach(client, to: .exec("e"), streams: .all)
        chunk.withUnsafeBytes { board.deliver($0, from: .stdout, of: .exec("e")) }
        #expect(board.hasWaiting(for: client))
        #expect(!board.hasWaiting(for: first))
    }

    @Test("a subscriber that never reads is dropped, not waited for")
    func deafSubscriber() {
        var board = Switchboard()
        board.open(first)
        board.subscribe(first)
        var rounds = 0
        while board.announce(.oom).isEmpty {
            rounds += 1
            guard rounds < 100_000 else { break }
        }
        let deaf = board.announce(.oom)
        #expect(deaf == [first])
        #expect(board.waitingCount(for: first) < Switchboard.limit + 100)
        #expect(board.acceptsOutput(.stdout, of: .container))
    }

    @Test("stdin is closed after what waits is written, once")
    func endOfInput() {
        var board = board()
        board.feed([1, 2, 3], from: first)
        var closes = [board.finishInput(of: .container)]
        board.feed([4], from: second)
        closes.append(board.wroteInput(2, to: .container))
        closes.append(board.wroteInput(1, to: .container))
        #expect(board.isInputClosed(of: .container))
        closes.append(board.finishInput(of: .container))
        #expect(closes == [false, false, true, false])
    }

    @Test("a client is not read from while the process does not take its stdin")
    func inputBackPressure() {
        var board = board()
        board.feed([UInt8](repeating: 0, count: InputFunnel.limit), from: first)
        #expect(!board.acceptsInput(from: first) && !board.acceptsInput(from: second))
        _ = board.wroteInput(1, to: .container)
        #expect(board.acceptsInput(from: first))
    }

    @Test("whoever attaches after the end gets the end")
    func late() throws {
        var board = board()
        board.finish(first, with: .exited(exec: nil, ShimExit(code: 1, time: 0)))
        var decoder = FrameDecoder()
        decoder.append(board.withNext(for: first) { Array($0) } ?? [])
        #expect(try decoder.next()?.kind == .endOfOutput)
        #expect(try decoder.next()?.kind == .event)
        #expect(!board.hasWaiting(for: second))
    }
}
