internal import ShimProtocol
internal import TestSupport
internal import Testing

@testable internal import Shim

@Suite("A process's end")
struct ProcessLifeTests {
    let exit = ShimExit(code: 3, time: 1)

    private func container(_ outputs: Set<OutputStream> = [.stdout, .stderr], isTerminal: Bool = false) -> ProcessLife {
        ProcessLife(isContainer: true, isTerminal: isTerminal, outputs: outputs)
    }

    @Test("drained, recorded, told, deleted, in this order")
    func order() {
        var life = container()
        let step1 = life.handle(.reaped(exit), now: 0)
        #expect(step1 == [.killRest, .drain])
        let step2 = life.handle(.outputEnded(.stdout), now: 0)
        #expect(step2 == [])
        let step3 = life.handle(.outputEnded(.stderr), now: 0)
        #expect(step3 == [])
        let step4 = life.handle(.drained(isAlone: false), now: 0)
        #expect(step4 == [.record(exit), .tell(exit), .delete])
        #expect(!life.isOver)
        let step5 = life.handle(.deleted(nil), now: 0)
        #expect(step5 == [.tellDeleted(nil)])
        #expect(life.isOver)
        #expect(life.exit == exit)
    }

    @Test("an exec is not deleted, and kills nobody")
    func exec() {
        var life = ProcessLife(isContainer: false, isTerminal: false, outputs: [])
        let step6 = life.handle(.reaped(exit), now: 0)
        #expect(step6 == [.drain])
        let step7 = life.handle(.drained(isAlone: true), now: 0)
        #expect(step7 == [.record(exit), .tell(exit)])
        #expect(life.isOver)
    }

    @Test("an output that somebody holds open is awaited while the container has processes, for two seconds at most")
    func heldOpen() {
        var life = container()
        _ = life.handle(.reaped(exit), now: 5)
        let step8 = life.handle(.drained(isAlone: false), now: 5)
        #expect(step8 == [])
        let step9 = life.handle(.drained(isAlone: false), now: 5 + ProcessLife.grace - 1)
        #expect(step9 == [])
        var other = life
        let step10 = life.handle(.drained(isAlone: false), now: 5 + ProcessLife.grace)
        #expect(step10.first == .record(exit))
        let step11 = other.handle(.drained(isAlone: true), now: 6)
        #expect(step11.first == .record(exit))
    }

    @Test("a terminal is awaited to its end even when nobody is left")
    func terminal() {
        var life = container([.stdout], isTerminal: true)
        _ = life.handle(.reaped(exit), now: 0)
        let step12 = life.handle(.drained(isAlone: true), now: 0)
        #expect(step12 == [])
        _ = life.handle(.outputEnded(.stdout), now: 0)
        let step13 = life.handle(.drained(isAlone: true), now: 0)
        #expect(step13.count == 3)
    }

    @Test("outputs may end while it runs")
    func closedEarly() {
        var life = container([.stdout])
        let step14 = life.handle(.outputEnded(.stdout), now: 0)
        #expect(step14 == [])
        #expect(life.isRunning)
        _ = life.handle(.reaped(exit), now: 0)
        let step15 = life.handle(.drained(isAlone: false), now: 0)
        #expect(step15.first == .record(exit))
    }

    @Test("whatever happens in whatever order, each step is done once and in order", arguments: UInt64(0)..<500)
    func random(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var life = ProcessLife(
            isContainer: Bool.random(using: &random), isTerminal: Bool.random(using: &random),
            outputs: Bool.random(using: &random) ? [.stdout] : [.stdout, .stderr])
        var effects: [ProcessLife.Effect] = []
        var now: Int64 = 0
        for _ in 0..<60 {
            now += Int64.random(in: 0...100_000_000, using: &random)
            let event: ProcessLife.Event =
                switch Int.random(in: 0..<5, using: &random) {
                case 0: .reaped(exit)
                case 1: .outputEnded(.stdout)
                case 2: .outputEnded(.stderr)
                case 3: .drained(isAlone: Bool.random(using: &random))
                default: .deleted(nil)
                }
            effects += life.handle(event, now: now)
        }
        let steps = effects.map { effect in
            switch effect {
            case .killRest: 0
            case .drain: 1
            case .record: 2
            case .tell: 3
            case .delete: 4
            case .tellDeleted: 5
            }
        }
        #expect(steps == Array(Set(steps)).sorted(), "seed \(seed): \(steps)")
    }
}
