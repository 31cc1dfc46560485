internal import JSON

/// A run as people see it.
enum PrewarmDisplay {
    static func phase(_ run: JSONValue) -> String {
        let name = run["phase"]?["name"]?.stringValue ?? ""
        guard let reason = run["phase"]?["reason"]?.stringValue else { return name }
        return "\(name): \(reason)"
    }

    private static func states(_ run: JSONValue) -> [String] {
        (run["nodes"]?.objectValue?.values ?? []).compactMap { $0["state"]?.stringValue }
    }

    static func failed(_ run: JSONValue) -> Int { states(run).count { $0 == "failed" || $0 == "timed out" } }

    /// Such as `3/5 done, 1 failed`.
    static func counts(_ run: JSONValue) -> String {
        let states = states(run)
        let failed = failed(run)
        return "\(states.count { $0 == "done" })/\(states.count) done" + (failed > 0 ? ", \(failed) failed" : "")
    }

    /// A head, a line with a bar for each node, and below those at work one for each layer that is not here yet.
    static func lines(_ run: JSONValue, columns: Int) -> [String] {
        let images = (run["plan"]?["images"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
        var lines = ["\(images): \(phase(run)), \(counts(run))"]
        for name in (run["order"]?.arrayValue ?? []).compactMap(\.stringValue) {
            let node = run["nodes"]?[name]
            let state = node?["state"]?.stringValue ?? ""
            let progress = run["progress"]?[name]
            var line = "  \(name): \(state)"
            if let reason = node?["reason"]?.stringValue { line += ": \(reason)" }
            guard state == "running" else {
                lines.append(String(line.prefix(columns)))
                continue
            }
            lines.append(barred(line, progress, columns))
            for layer in progress?["layers"]?.arrayValue ?? [] where !isHere(layer) {
                let text = "    \(layer["layer"]?.stringValue ?? ""): \(layer["status"]?.stringValue ?? "")"
                lines.append(barred(text, layer, columns))
            }
        }
        return lines
    }

    private static func isHere(_ layer: JSONValue) -> Bool {
        ["Pull complete", "Already exists"].contains(layer["status"]?.stringValue ?? "")
    }

    private static func barred(_ text: String, _ progress: JSONValue?, _ columns: Int) -> String {
        guard let current = progress?["current"]?.intValue, let total = progress?["total"]?.intValue, total > 0 else {
            return String(text.prefix(columns))
        }
        let bar = TransferDisplay.bar(current, of: total, width: columns - text.count - 1)
        return String("\(text) \(bar)".prefix(columns))
    }
}
