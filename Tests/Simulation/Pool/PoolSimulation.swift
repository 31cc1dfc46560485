import ClusterStore
import TestSupport

/// A pool in virtual time: one server with its disk, nodes, a user, and a network that does what networks do.
///
/// Everything that happens is drawn from one seed; the same seed gives the same history. Faults end after ``faultTime``, and what
/// was asked for must have come true some time later.
struct PoolSimulation: ~Copyable {
    enum Happening {
        case arrive(Message)
        case write(JournalBatch, life: Int)
        case tick
        case crash
        case startServer
        case restartAgent(Int)
        case reboot(Int)
        case partition(Int, isCut: Bool)
        case compact
        case started(Int, PodRecord, life: Int)
        case stopped(Int, PodRecord, life: Int)
        case resync(Int)
        case beat(Int)
        case act
        case calm
    }

    static let faultTime: Int64 = 30_000_000
    static let restTime: Int64 = 45_000_000

    let seed: UInt64
    let sabotage: Sabotage?
    var random: SplitMix64
    let faults: Faults
    var agenda = Agenda<Happening>()
    var disk = SimulatedDisk()
    var server: SimulatedServer?
    /// What the disk is writing.
    var unwritten: JournalBatch?
    /// Counts the server's lives.
    var life = 0
    var nodes: [SimulatedNode] = []
    var cut: Set<Int> = []
    var isCalm = false
    var user = SimulatedUser()
    var invariants = Invariants()
    /// By node: the number of the question that it waits for, and since when.
    var questions: [Int: (number: Int, since: Int64)] = [:]
    var messages = 0
    /// A digest of all that happened.
    var history: UInt64 = 0xCBF2_9CE4_8422_2325
    let milliCPU: Int
    let desired: Int

    /// Tight nodes have no room for all pods, so that some wait for ever: then the end is not what to look at.
    init(seed: UInt64, sabotage: Sabotage? = nil, isTight: Bool = false) throws {
        self.seed = seed
        self.sabotage = sabotage
        var random = SplitMix64(seed: seed)
        faults = Faults(using: &random)
        let roomy = Int.random(in: 1500...4000, using: &random)
        milliCPU = isTight ? 400 : roomy
        desired = Int.random(in: 1...3, using: &random)
        let count = Int.random(in: 2...4, using: &random)
        self.random = random
        for number in 0..<count { nodes.append(SimulatedNode(name: "node-\(number)", sabotage: sabotage)) }
    }

    // MARK: the course of things

    /// Lives through everything.
    ///
    /// - Throws: ``Violation`` when a rule of the pool was broken.
    mutating func run() throws {
        try begin()
        plan()
        while let happening = agenda.next(before: Self.faultTime + Self.restTime) {
            note(happening)
            try perform(happening)
            try serve()
        }
        guard let pods = try server?.pods() else { throw Violation("the server never came back") }
        try invariants.checkEnd(pods, nodes: nodes, user: user)
    }

    private mutating func begin() throws {
        var core = StoreCore(try Self.configuration())
        for node in nodes {
            _ = try core.apply(
                .create(try NodeRecord(name: node.name, milliCPU: milliCPU).put), at: SimulatedServer.time(0))
        }
        if let batch = core.takeBatch() {
            disk.keep(batch)
            _ = core.publish(batch, at: SimulatedServer.time(0))
        }
        server = try SimulatedServer(core, desired: desired, sabotage: sabotage, at: 0)
        for node in nodes { invariants.room[node.name] = milliCPU }
    }

    static func configuration() throws -> StoreConfiguration {
        var configuration = StoreConfiguration()
        configuration.ephemeral = [try KeyFolder("beats")]
        configuration.memory = .seconds(10)
        return configuration
    }

    private mutating func plan() {
        agenda.plan(.tick, in: 1_000_000)
        agenda.plan(.act, in: 10_000)
        agenda.plan(.calm, in: Self.faultTime)
        for node in nodes.indices {
            agenda.plan(.resync(node), in: draw(1_000_000))
            agenda.plan(.beat(node), in: draw(1_000_000))
        }
        for _ in 0..<faults.serverCrashes { agenda.plan(.crash, in: draw(Self.faultTime)) }
        for _ in 0..<faults.agentRestarts { agenda.plan(.restartAgent(anyNode()), in: draw(Self.faultTime)) }
        for _ in 0..<faults.reboots { agenda.plan(.reboot(anyNode()), in: draw(Self.faultTime)) }
        for _ in 0..<faults.compactions { agenda.plan(.compact, in: draw(Self.faultTime)) }
        for _ in 0..<faults.partitions {
            let (node, start) = (anyNode(), draw(Self.faultTime))
            agenda.plan(.partition(node, isCut: true), in: start)
            agenda.plan(.partition(node, isCut: false), in: start + draw(40_000_000))
        }
    }

    private mutating func perform(_ happening: Happening) throws {
        switch happening {
        case .arrive(let message): try arrive(message)
        case .write(let batch, let life): try finishWrite(batch, life: life)
        case .tick:
            try server?.tick(at: agenda.now)
            agenda.plan(.tick, in: 1_000_000)
        case .crash: crash()
        case .startServer: try startServer()
        case .restartAgent(let node):
            nodes[node].restartAgent()
            questions[node] = nil
        case .reboot(let node):
            nodes[node].reboot()
            invariants.rebooted(nodes[node].name)
            questions[node] = nil
        case .partition(let node, let isCut): if isCut, !isCalm { cut.insert(node) } else { cut.remove(node) }
        case .compact: if let published = server?.core.published { try? server?.core.compact(through: published) }
        case .started(let node, let pod, let life):
            guard nodes[node].life == life, nodes[node].start(pod) else { return }
            try invariants.started(pod, on: nodes[node].name)
            perform(nodes[node].reconcile(0), on: node)
        case .stopped(let node, let pod, let life):
            guard nodes[node].life == life else { return }
            nodes[node].stop(pod)
            invariants.stopped(pod, on: nodes[node].name)
            perform(nodes[node].reconcile(0), on: node)
        case .resync(let node): resync(node)
        case .beat(let node):
            send(.beat(node: nodes[node].name), from: .node(node))
            agenda.plan(.beat(node), in: 5_000_000)
        case .act: act()
        case .calm:
            isCalm = true
            cut = []
        }
    }

    // MARK: the server and its disk

    /// Lets the server go on: writes what is to be written, sends what is to be sent, shows what it showed.
    private mutating func serve() throws {
        guard server != nil else { return }
        if let batch = try server?.nextBatch(at: agenda.now) {
            unwritten = batch
            agenda.plan(.write(batch, life: life), in: 100 + draw(isCalm ? 5000 : faults.slowestWrite))
        }
        let shown = server?.shown ?? []
        server?.shown = []
        for event in shown { try invariants.shown(event, desired: desired, user: user) }
        let sent = server?.outbox ?? []
        server?.outbox = []
        for message in sent { post(message) }
    }

    private mutating func finishWrite(_ batch: JournalBatch, life: Int) throws {
        // Of a write under way when the server crashed nobody knows whether it reached the disk: `crash` has decided.
        guard life == self.life, server != nil else { return }
        if !isCalm, draw(1000) < Int64(faults.full) {
            try server?.refused(batch, at: agenda.now)
        } else {
            disk.keep(batch)
            try server?.written(batch, at: agenda.now)
        }
        unwritten = nil
    }

    private mutating func crash() {
        guard server != nil else { return }
        if let unwritten, Bool.random(using: &random) { disk.keep(unwritten) }
        unwritten = nil
        server = nil
        life += 1
        agenda.plan(.startServer, in: 100_000 + draw(4_000_000))
    }

    private mutating func startServer() throws {
        let core = try disk.open(try Self.configuration(), at: SimulatedServer.time(agenda.now))
        let started = try SimulatedServer(core, desired: desired, sabotage: sabotage, at: agenda.now)
        try invariants.checkStart(try started.pods(), user: user)
        server = consume started
    }
}
