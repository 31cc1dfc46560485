import Lanes
import Testing

@Suite("Lane isolation")
struct LaneIsolationTests {
    @Test("running on no lane traps")
    func noLane() async {
        await #expect(processExitsWith: .failure) {
            LaneOwner().trap()
        }
    }

    @Test("running on another lane traps")
    func anotherLane() async {
        await #expect(processExitsWith: .failure) {
            let owner = LaneOwner()
            await Lanes.shared.run { owner.trap() }
        }
    }
}

private actor LaneOwner: LaneBound {
    nonisolated let lane = BlockingLane()

    nonisolated func trap() { preconditionIsolated() }
}
