@testable import Engine
import NIOCore
import Synchronization
import Testing

@Suite("Waiting, telling and holding back")
struct PlumbingTests {
    @Test("an announcement reaches those who waited and those who come later, once")
    func announcement() async {
        let announcement = Announcement<Int>()
        await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<20 { group.addTask { await announcement.value() } }
            await Task.yield()
            announcement.make(7)
            announcement.make(8)
            for await value in group { #expect(value == 7) }
        }
        #expect(await announcement.value() == 7)
        #expect(announcement.made == 7)
    }

    @Test("who waits can be cancelled, and can give up after a time")
    func givingUp() async {
        let announcement = Announcement<Int>()
        #expect(await announcement.value(within: .milliseconds(5)) == nil)
        let task = Task { await announcement.value() }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test("a queue says when it is full and when there is room again, and keeps the order")
    func outputQueue() async {
        let queue = OutputQueue()
        let rooms = Mutex(0)
        queue.whenRoom { rooms.withLock { $0 += 1 } }
        let piece = ByteBuffer(repeating: 1, count: 64 << 10)
        var hasRoom = true
        var pushed = 0
        while hasRoom {
            hasRoom = queue.push(OutputFrame(stream: .stdout, bytes: piece))
            pushed += 1
        }
        #expect(pushed == 4)
        _ = await queue.next()
        #expect(rooms.withLock { $0 } == 0)
        for _ in 1..<pushed { _ = await queue.next() }
        #expect(rooms.withLock { $0 } == 1)
        _ = queue.push(OutputFrame(stream: .stderr, bytes: ByteBuffer(string: "last")))
        queue.finish()
        #expect(await queue.next()?.stream == .stderr)
        #expect(await queue.next() == nil)
    }

    @Test("events are remembered for late comers, filtered, and never told twice")
    func events() async throws {
        let bus = EventBus()
        func event(_ number: Int64, _ action: String) -> Event {
            Event(
                type: "container", action: action, actor: "abc",
                attributes: ["name": "n", "image": "busybox", "k": "v"],
                time: Timestamp(nanoseconds: number))
        }
        for number in 0..<2000 { bus.post(event(Int64(number), "start")) }
        let (past, live) = bus.subscribe(since: Timestamp(nanoseconds: 1990))
        #expect(past.map(\.time.nanoseconds) == Array(1990..<2000))
        bus.post(event(2000, "die"))
        var iterator = live.makeAsyncIterator()
        #expect(await iterator.next()?.time.nanoseconds == 2000)
        let filter = try EventFilter(Filters(["event": ["exec_create"], "container": ["n"], "label": ["k=v"]]))
        #expect(filter.matches(event(1, "exec_create: sh")))
        #expect(!filter.matches(event(1, "start")))
        #expect(throws: EngineError.self) { try EventFilter(Filters(["nope": ["x"]])) }
        #expect(try EventFilter(Filters(["image": ["busybox"]])).matches(event(1, "start")))
        #expect(try !EventFilter(Filters(["type": ["image"]])).matches(event(1, "start")))
    }

    @Test("a restart by hand does not remove what is removed at its end")
    func restartOfAutoRemoved() throws {
        var machine = ContainerMachine(policy: RestartPolicy(), autoRemove: true)
        _ = try machine.handle(.start, now: .now)
        _ = try machine.handle(.launched(.init(pid: 1, startTime: 1)), now: .now)
        machine.isRestartedByHand = true
        let effects = try machine.handle(.exited(.init(code: 143, at: .now)), now: .now)
        #expect(!effects.contains(.autoRemove))
        #expect(try machine.handle(.start, now: .now) == [.launch])
    }
}
