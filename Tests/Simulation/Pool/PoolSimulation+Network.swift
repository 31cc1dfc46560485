import ClusterStore
import TestSupport

extension PoolSimulation {
    /// A time or a chance below `limit`.
    mutating func draw(_ limit: Int64) -> Int64 { Int64.random(in: 0..<max(1, limit), using: &random) }

    mutating func anyNode() -> Int { Int.random(in: nodes.indices, using: &random) }

    /// Adds to the digest of all that happened.
    mutating func note(_ happening: Happening) {
        add(agenda.now)
        switch happening {
        case .arrive(let message): add(Int64(message.number))
        case .write(let batch, let life):
            add(batch.through.number)
            add(Int64(batch.changes.count))
            add(Int64(life))
        case .started(let node, let pod, let life), .stopped(let node, let pod, let life):
            add(Int64(node))
            add(Int64(pod.milliCPU))
            add(Int64(life))
        case .restartAgent(let node), .reboot(let node), .partition(let node, _), .resync(let node), .beat(let node):
            add(Int64(node))
        case .tick, .crash, .startServer, .compact, .act, .calm: break
        }
        add(server?.core.head.number ?? 0)
    }

    private mutating func add(_ number: Int64) {
        history = (history ^ UInt64(bitPattern: number)) &* 0x9E37_79B9_7F4A_7C15
        history ^= history >> 29
    }

    @discardableResult
    mutating func send(_ request: Request, from party: Party) -> Int {
        messages += 1
        post(Message(from: party, to: .server, number: messages, content: .request(request)))
        return messages
    }

    /// Gives a message to the network: it arrives late, twice, or never.
    mutating func post(_ message: Message) {
        if !isCalm, draw(1000) < Int64(faults.lost) { return }
        let slowest = isCalm ? 5000 : faults.slowestMessage
        agenda.plan(.arrive(message), in: 100 + draw(slowest))
        if !isCalm, draw(1000) < Int64(faults.doubled) { agenda.plan(.arrive(message), in: 100 + draw(slowest)) }
    }

    private func isCut(_ party: Party) -> Bool {
        if case .node(let node) = party { cut.contains(node) } else { false }
    }

    mutating func arrive(_ message: Message) throws {
        guard !isCut(message.from), !isCut(message.to) else { return }
        switch (message.to, message.content) {
        case (.server, .request(let request)):
            guard server != nil else { return }
            try server?.handle(message, request, at: agenda.now)
        case (.node(let node), .answer(let answer)):
            guard questions[node]?.number == message.number else { return }
            questions[node] = nil
            let delay = draw(300_000)
            perform(nodes[node].take(answer, startsAfter: delay), on: node)
        case (.user, .answer(let answer)): user.take(answer, to: message.number, at: agenda.now)
        default: break
        }
    }

    // MARK: nodes

    mutating func perform(_ effects: [SimulatedNode.Effect], on node: Int) {
        let life = nodes[node].life
        for effect in effects {
            switch effect {
            case .send(let request): send(request, from: .node(node))
            case .ask(let request): questions[node] = (send(request, from: .node(node)), agenda.now)
            case .start(let pod, let delay): agenda.plan(.started(node, pod, life: life), in: 1000 + delay)
            case .stop(let pod, let delay): agenda.plan(.stopped(node, pod, life: life), in: 1000 + delay)
            }
        }
    }

    /// Asks again when the last question got no answer, and reports again what is not confirmed.
    mutating func resync(_ node: Int) {
        agenda.plan(.resync(node), in: 2_000_000)
        perform(nodes[node].reconcile(0), on: node)
        if let question = questions[node], agenda.now - question.since < 8_000_000 { return }
        perform([.ask(nodes[node].question)], on: node)
    }

    // MARK: the user

    /// Wants something new while there are faults, and asks again for what has had no answer.
    mutating func act() {
        agenda.plan(.act, in: 500_000)
        if !isCalm, user.created < 16 {
            let web = Bool.random(using: &random)
            user.wantPod(milliCPU: Int.random(in: 50...200, using: &random), app: web ? "web" : "batch")
        }
        if !isCalm, draw(3) == 0 { user.wantLess(draw(1 << 30), at: agenda.now) }
        for (index, request) in user.requests() { user.sent(index, as: send(request, from: .user)) }
    }
}
