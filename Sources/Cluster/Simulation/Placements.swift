internal import Scheduling
internal import Units

/// Places the pods of some manifests at once and tells the result as text.
package struct Placements {
    package private(set) var table: [[String]] = [["POD", "QUEUE", "NODE", "SCORE"]]
    /// What is pending, a paragraph each.
    package private(set) var pending: [String] = []
    package private(set) var placed = 0

    package init(_ manifests: Manifests) {
        let now = Timestamp(seconds: 0)
        var scheduler = Scheduler(manifests.configuration)
        for namespace in manifests.namespaces {
            _ = scheduler.handle(.namespaceChanged(name: namespace.name, labels: namespace.labels), at: now)
        }
        for node in manifests.nodes { _ = scheduler.handle(.nodeAdded(node), at: now) }
        for volume in manifests.volumes { _ = scheduler.handle(.volumeChanged(volume), at: now) }
        for budget in manifests.budgets { _ = scheduler.handle(.budgetChanged(budget), at: now) }
        // What runs already is there before anything is placed.
        for pod in manifests.pods where pod.node != nil { _ = scheduler.handle(.podAdded(pod), at: now) }
        for pod in manifests.pods where pod.node == nil { _ = scheduler.handle(.podAdded(pod), at: now) }
        var scores: [String: Double] = [:]
        func evict(_ victims: [String]) {
            for victim in victims {
                for decision in scheduler.handle(.podRemoved(id: victim), at: now) {
                    switch decision {
                    case .place(let placement): scores[placement.pod] = placement.score
                    case .placeGang(_, let placements):
                        for placement in placements { scores[placement.pod] = placement.score }
                    default: continue
                    }
                }
            }
        }
        while let decision = scheduler.decide(at: now) {
            switch decision {
            case .place(let placement): scores[placement.pod] = placement.score
            case .placeGang(_, let placements): for placement in placements { scores[placement.pod] = placement.score }
            case .preempt(let pod, let node, let victims):
                pending.append("\(pod) evicts \(victims.joined(separator: ", ")) from \(node)")
                evict(victims)
            case .preemptGang(let name, _, let victims):
                pending.append("gang \(name) evicts \(victims.joined(separator: ", "))")
                evict(victims)
            case .wait, .expired, .gangTimedOut: break
            }
        }
        for pod in manifests.pods {
            guard let explanation = scheduler.explain(pod.id) else { continue }
            let node = scheduler.node(of: pod.id)
            let score = scores[pod.id].map { Figures.text($0) } ?? "-"
            table.append([pod.id, explanation.queue, node ?? "-", node == nil ? "-" : score])
            if node == nil {
                pending.append(Self.paragraph(pod.id, explanation, before: scheduler.podsBefore(pod.id) ?? 0))
            } else {
                placed += 1
            }
        }
    }

    private static func paragraph(_ pod: String, _ explanation: Explanation, before: Int) -> String {
        let reasons = explanation.reasons.sorted { left, right in
            left.value > right.value || left.value == right.value && left.key.description < right.key.description
        }
        var lines = ["\(pod) is \(explanation.state.rawValue) in queue \(explanation.queue), \(before) before it:"]
        lines += reasons.map { "  \($0.value) \($0.value == 1 ? "node" : "nodes"): \($0.key)" }
        if reasons.isEmpty, explanation.possible > 0 { lines.append("  \(explanation.possible) nodes are possible") }
        if let help = explanation.help.first { lines.append("  what would help most: \(help)") }
        return lines.joined(separator: "\n")
    }
}

/// Texts of numbers and of tables.
package enum Figures {
    /// Rounded to at most two decimals, without Foundation.
    package static func text(_ value: Double) -> String {
        let hundredths = Int64((value * 100).rounded())
        let (whole, part) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let fraction = part == 0 ? "" : part % 10 == 0 ? ".\(part / 10)" : part < 10 ? ".0\(part)" : ".\(part)"
        return "\(hundredths < 0 ? "-" : "")\(whole)\(fraction)"
    }

    /// Columns padded to their widest cell.
    package static func table(_ rows: [[String]]) -> String {
        let columns = rows.first?.count ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
            return String(cells.joined(separator: "   ").reversed().drop { $0 == " " }.reversed())
        }
        .joined(separator: "\n")
    }
}
