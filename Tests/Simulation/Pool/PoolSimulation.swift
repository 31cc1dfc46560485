import ClusterModel
import ClusterStore
import JSON
import TestSupport
import Units

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
        case work(Int, SimulatedNode.Step, life: Int)
        case containerEnds(Int)
        case resync(Int)
        case beat(Int)
        case act
        case calm
    }

    /// Something that an agent has asked for, and for which pod.
    struct Errand {
        var request: PoolRequest
        var uid: String
        var life: Int
    }

    static let faultTime: Int64 = 20_000_000
    /// A container that has failed some times waits for less than this.
    static let restTime: Int64 = 60_000_000
    static let mostPods = 7

    let seed: UInt64
    /// Says all that happens.
    var isTold = false
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
    var errands: [Int: Errand] = [:]
    var beats: [Int: Int] = [:]
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
        let count = Int.random(in: 2...3, using: &random)
        self.random = random
        for number in 0..<count { nodes.append(SimulatedNode(name: "node-\(number)", sabotage: sabotage)) }
    }

    var time: Timestamp { SimulatedServer.time(agenda.now) }

    // MARK: the course of things

    /// Lives through everything.
    ///
    /// - Throws: ``Violation`` when a rule of the pool was broken.
    mutating func run() throws {
        try begin()
        plan()
        while let happening = agenda.next(before: Self.faultTime + Self.restTime) {
            note(happening)
            if isTold { print(agenda.now, happening) }
            try perform(happening)
            try serve()
        }
        guard let pods = try server?.pods() else { throw Violation("the server never came back") }
        try invariants.checkEnd(pods, nodes: nodes, user: user)
    }

    private mutating func begin() throws {
        server = try SimulatedServer(StoreCore(try Self.configuration()), sabotage: sabotage, at: 0)
        let nobody = Message(from: .user, to: .server, number: 0, content: .answer(.compacted))
        for node in nodes {
            invariants.room[node.name] = milliCPU
            let object = SimulatedNodeObject.manifest(node.name, milliCPU: milliCPU)
            try server?.handle(nobody, .api(PoolRequest(.post, PoolPath.nodes, body: object)), at: 0)
        }
        let budget: JSONValue = [
            "kind": "PodDisruptionBudget", "apiVersion": "policy/v1", "metadata": ["name": "web"],
            "spec": ["minAvailable": JSONValue(number: desired), "selector": ["matchLabels": ["app": "web"]]],
        ]
        let path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
        try server?.handle(nobody, .api(PoolRequest(.post, path, body: budget)), at: 0)
        // What everything else begins with is on the disk.
        while let batch = try server?.nextBatch(at: 0) {
            disk.keep(batch)
            try server?.written(batch, at: 0)
        }
        server?.outbox = []
        invariants.desired = desired
        invariants.isKind = faults.isKind
    }

    static func configuration() throws -> StoreConfiguration {
        var configuration = StoreConfiguration()
        configuration.ephemeral = [try KeyFolder("coordination.k8s.io/leases/kube-node-lease")]
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
        for _ in 0..<faults.containerEnds { agenda.plan(.containerEnds(anyNode()), in: draw(Self.faultTime)) }
        for _ in 0..<faults.compactions { agenda.plan(.compact, in: draw(Self.faultTime)) }
        for _ in 0..<faults.partitions {
            let (node, start) = (anyNode(), draw(Self.faultTime))
            agenda.plan(.partition(node, isCut: true), in: start)
            agenda.plan(.partition(node, isCut: false), in: start + draw(25_000_000))
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
            nodes[node].reboot(at: time)
            try invariants.runs(nodes[node].running, on: nodes[node].name)
            questions[node] = nil
        case .partition(let node, let isCut): if isCut, !isCalm { cut.insert(node) } else { cut.remove(node) }
        case .compact: if let published = server?.core.published { try? server?.core.compact(through: published) }
        case .work(let node, let step, let life): try work(step, on: node, life: life)
        case .containerEnds(let node):
            try perform(nodes[node].end(Int(draw(1 << 20)), at: time), on: node)
        case .resync(let node): try resync(node)
        case .beat(let node): beat(node)
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
        invariants.evicts(server?.evicted ?? [])
        server?.evicted = []
        for event in shown { try invariants.shown(event, user: user) }
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
        let started = try SimulatedServer(core, sabotage: sabotage, at: agenda.now)
        try invariants.checkStart(try started.pods(), user: user)
        server = consume started
    }
}
