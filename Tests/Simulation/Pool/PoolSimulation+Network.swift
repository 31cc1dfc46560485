import ClusterModel
import ClusterStore
import JSON
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
        case .work(let node, _, let life):
            add(Int64(node))
            add(Int64(life))
        case .restartAgent(let node), .reboot(let node), .partition(let node, _), .resync(let node), .beat(let node),
            .containerEnds(let node):
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
            if questions[node]?.number == message.number {
                questions[node] = nil
                try perform(nodes[node].take(answer, at: time), on: node)
            } else if let sent = errands.removeValue(forKey: message.number), sent.life == nodes[node].life {
                try perform(nodes[node].take(answer, to: sent.request, of: sent.uid, at: time), on: node)
            }
        case (.user, .answer(let answer)): user.take(answer, to: message.number, at: agenda.now)
        default: break
        }
    }

    // MARK: nodes

    mutating func perform(_ effects: [SimulatedNode.Effect], on node: Int) throws {
        let life = nodes[node].life
        for effect in effects {
            switch effect {
            case .send(let request, let uid):
                let number = send(.api(request), from: .node(node))
                errands[number] = Errand(request: request, uid: uid, life: life)
            case .ask(let request): questions[node] = (send(request, from: .node(node)), agenda.now)
            case .work(let step): agenda.plan(.work(node, step, life: life), in: 1000 + draw(300_000))
            }
        }
        try invariants.runs(nodes[node].running, on: nodes[node].name)
    }

    /// The engine has done something; an agent that has begun anew meanwhile is not told, and it may not have happened at all.
    mutating func work(_ step: SimulatedNode.Step, on node: Int, life: Int) throws {
        let isTold = nodes[node].life == life
        if !isTold, Bool.random(using: &random) { return }
        let fails = !isCalm && draw(1000) < Int64(faults.failedStarts)
        try perform(nodes[node].perform(step, fails: fails, isTold: isTold, at: time), on: node)
    }

    /// Asks again when the last question got no answer, and reports again what is not confirmed.
    mutating func resync(_ node: Int) throws {
        agenda.plan(.resync(node), in: 2_000_000)
        try perform(nodes[node].tick(at: time) + nodes[node].remind(at: time), on: node)
        if let question = questions[node], agenda.now - question.since < 8_000_000 { return }
        try perform([.ask(nodes[node].question)], on: node)
    }

    /// A sign of life: a lease that is there is renewed, else it is made; the answer does not matter, the next follows soon.
    mutating func beat(_ node: Int) {
        let name = nodes[node].name
        let spec: JSONValue = ["holderIdentity": .string(name), "renewTime": .string(time.microseconds)]
        beats[node, default: 0] += 1
        let lease: JSONValue = [
            "kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": ["name": .string(name)], "spec": spec,
        ]
        // Which of the two is right the agent learns from the answer; here it simply does both.
        send(
            .api(PoolRequest(.patch, "\(PoolPath.nodeLeases)/\(name)", body: ["spec": spec], patch: .merge)),
            from: .node(node))
        if beats[node, default: 0] % 2 == 1 {
            send(.api(PoolRequest(.post, PoolPath.nodeLeases, body: lease)), from: .node(node))
        }
        agenda.plan(.beat(node), in: 2_500_000)
    }

    // MARK: the user

    /// Wants something new while there are faults, and asks again for what has had no answer.
    mutating func act() {
        agenda.plan(.act, in: 800_000)
        if !isCalm, user.created < Self.mostPods {
            let web = Bool.random(using: &random)
            user.wantPod(milliCPU: Int.random(in: 50...200, using: &random), app: web ? "web" : "batch")
        }
        if !isCalm, draw(4) == 0 { user.wantLess(draw(1 << 30), at: agenda.now) }
        for (index, request) in user.requests() { user.sent(index, as: send(.api(request), from: .user)) }
    }
}
