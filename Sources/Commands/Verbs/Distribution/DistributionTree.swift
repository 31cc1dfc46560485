internal import JSON

/// Who gave an image to whom, over time, as a picture in SVG; pure.
///
/// A row for the registry and for each node, time from left to right. A node's bar lasts from when it wanted the layer until it had
/// it; a line comes from each giver where its first piece arrived, as wide as the share that it gave.
struct DistributionTree {
    private let layers: [JSONValue]
    private let title: String

    private static let left = 130
    private static let width = 760
    private static let row = 22

    init(_ explained: JSONValue, title: String) {
        layers = (explained["layers"]?.arrayValue ?? []).filter { $0["pool"] != nil }
        self.title = title
    }

    /// The first digits of a digest.
    static func short(_ digest: JSONValue?) -> String {
        let text = digest?.stringValue ?? ""
        return String((text.split(separator: ":").last ?? "").prefix(12))
    }

    /// The names of the nodes that a layer came to, by number.
    static func names(in layer: JSONValue) -> [String: String] {
        var names: [String: String] = [:]
        for node in layer["pool"]?["nodes"]?.arrayValue ?? [] {
            if let number = node["node"]?.stringValue { names[number] = node["name"]?.stringValue }
        }
        return names
    }

    var svg: String {
        var body: [String] = []
        var top = 40
        for layer in layers { top = draw(layer, top, &body) }
        let height = max(top, 80)
        let total = Self.left + Self.width + 30
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(total)" height="\(height)" viewBox="0 0 \(total) \(height)" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <text x="10" y="22" font-size="15">\(Self.escaped(title))</text>
            \(body.joined(separator: "\n"))
            </svg>
            """
    }

    /// Draws one layer below `top`; gives where the next one goes.
    private func draw(_ layer: JSONValue, _ top: Int, _ body: inout [String]) -> Int {
        let nodes = layer["pool"]?["nodes"]?.arrayValue ?? []
        let moments = nodes.flatMap { node in
            [node["began"]?.intValue, node["ended"]?.intValue]
                + (node["sources"]?.arrayValue ?? []).flatMap { [$0["first"]?.intValue, $0["last"]?.intValue] }
        }.compactMap { $0 }
        guard let first = moments.min(), let last = moments.max() else { return top }
        let span = Double(max(1, last - first))
        func x(_ moment: Int64?) -> Int {
            Self.left + Int(Double((moment ?? last) - first) / span * Double(Self.width))
        }
        let size = Human.size(layer["size"]?.doubleValue ?? 0, digits: 4)
        body.append(
            "<text x=\"10\" y=\"\(top + 14)\" font-weight=\"bold\">layer \(Self.short(layer["layer"])), \(size)</text>")
        var rows: [String: Int] = ["registry": top + Self.row * 2]
        for (number, node) in nodes.enumerated() {
            rows[node["node"]?.stringValue ?? ""] = top + Self.row * (number + 3)
        }
        body.append(Self.label("registry", top + Self.row * 2))
        for node in nodes {
            let y = rows[node["node"]?.stringValue ?? ""] ?? top
            let (start, end) = (x(node["began"]?.intValue), x(node["ended"]?.intValue))
            body.append(Self.label(node["name"]?.stringValue ?? "", y))
            body.append(
                "<rect x=\"\(start)\" y=\"\(y - 6)\" width=\"\(max(2, end - start))\" height=\"12\" rx=\"3\" "
                    + "fill=\"\(node["ended"] == nil ? "#f0c36d" : "#9ec5e8")\"/>")
            for source in node["sources"]?.arrayValue ?? [] {
                let share = (source["bytes"]?.doubleValue ?? 0) / max(1, layer["size"]?.doubleValue ?? 1)
                guard let from = rows[source["from"]?.stringValue ?? ""], share > 0 else { continue }
                let color = source["from"] == "registry" ? "#c0392b" : "#2e7d32"
                let place = x(source["first"]?.intValue)
                let wide = Human.formatted("%.1f", 0.6 + 4 * min(1, share))
                body.append(
                    "<line x1=\"\(place)\" y1=\"\(from)\" x2=\"\(place)\" y2=\"\(y)\" stroke=\"\(color)\" "
                        + "stroke-width=\"\(wide)\" stroke-opacity=\"0.7\"/>"
                        + "<circle cx=\"\(place)\" cy=\"\(y)\" r=\"3\" fill=\"\(color)\"/>")
            }
        }
        let bottom = top + Self.row * (nodes.count + 3)
        body.append(
            "<text x=\"\(Self.left)\" y=\"\(bottom)\">0 s</text><text x=\"\(Self.left + Self.width)\" y=\"\(bottom)\" "
                + "text-anchor=\"end\">\(Human.formatted("%.2f", span / 1000)) s</text>")
        return bottom + Self.row
    }

    private static func label(_ name: String, _ y: Int) -> String {
        "<text x=\"10\" y=\"\(y + 4)\">\(escaped(String(name.prefix(16))))</text>"
            + "<line x1=\"\(left)\" y1=\"\(y)\" x2=\"\(left + width)\" y2=\"\(y)\" stroke=\"#dddddd\"/>"
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
