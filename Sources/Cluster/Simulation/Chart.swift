/// A line chart as SVG.
package struct Chart {
    package struct Line {
        package var name: String
        package var points: [(x: Double, y: Double)]

        package init(_ name: String, _ points: [(x: Double, y: Double)]) {
            self.name = name
            self.points = points
        }
    }

    package var title: String
    package var horizontal: String
    package var vertical: String
    package var lines: [Line]

    package init(_ title: String, horizontal: String, vertical: String, lines: [Line]) {
        self.title = title
        self.horizontal = horizontal
        self.vertical = vertical
        self.lines = lines
    }

    private static let colors = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf"]
    private static let (width, height, margin) = (760.0, 360.0, 60.0)

    package var svg: String {
        let points = lines.flatMap(\.points)
        let (right, top) = (max(points.map(\.x).max() ?? 1, 1e-9), max(points.map(\.y).max() ?? 1, 1e-9))
        let (width, height, margin) = (Self.width, Self.height, Self.margin)
        func place(_ x: Double, _ y: Double) -> String {
            let left = margin + x / right * (width - 2 * margin)
            return "\(Figures.text(left)),\(Figures.text(height - margin - y / top * (height - 2 * margin)))"
        }
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 360\" "
                + "font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"760\" height=\"360\" fill=\"white\"/>",
            "<text x=\"380\" y=\"24\" text-anchor=\"middle\" font-size=\"15\">\(title)</text>",
            "<text x=\"380\" y=\"350\" text-anchor=\"middle\">\(horizontal)</text>",
            "<text x=\"16\" y=\"180\" text-anchor=\"middle\" transform=\"rotate(-90 16 180)\">\(vertical)</text>",
            "<polyline fill=\"none\" stroke=\"black\" points=\"60,60 60,300 700,300\"/>",
        ]
        for step in 0...4 {
            let part = Double(step) / 4
            let y = height - margin - part * (height - 2 * margin)
            let x = margin + part * (width - 2 * margin)
            let (above, below) = (Figures.text(part * top), Figures.text(part * right))
            parts.append("<text x=\"54\" y=\"\(Figures.text(y + 4))\" text-anchor=\"end\">\(above)</text>")
            parts.append("<text x=\"\(Figures.text(x))\" y=\"318\" text-anchor=\"middle\">\(below)</text>")
        }
        for (index, line) in lines.enumerated() {
            let color = Self.colors[index % Self.colors.count]
            let path = line.points.map { place($0.x, $0.y) }.joined(separator: " ")
            parts.append("<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\" points=\"\(path)\"/>")
            parts.append("<text x=\"\(70 + index * 110)\" y=\"48\" fill=\"\(color)\">\(line.name)</text>")
        }
        return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
    }
}

extension Replay {
    /// The report's files: names and contents.
    package var charts: [(name: String, svg: String)] {
        func line(_ name: String, _ value: (Sample) -> Double) -> Chart.Line {
            Chart.Line(name, samples.map { ($0.time / 3600, value($0)) })
        }
        let waits = waits.keys.sorted().map { queue in
            Chart.Line(queue, (0...100).map { (Double($0), Self.quantile(self.waits[queue] ?? [], Double($0) / 100)) })
        }
        return [
            (
                "utilisation.svg",
                Chart(
                    "What is given away", horizontal: "hours", vertical: "percent",
                    lines: [line("cpu") { $0.cpu * 100 }, line("memory") { $0.memory * 100 }]
                ).svg
            ),
            (
                "waiting.svg",
                Chart(
                    "Pods that wait", horizontal: "hours", vertical: "pods",
                    lines: [line("waiting") { Double($0.waiting) }]
                ).svg
            ),
            ("waits.svg", Chart("Wait by queue", horizontal: "percent of pods", vertical: "seconds", lines: waits).svg),
            (
                "fairness.svg",
                Chart(
                    "Evenness of tenants' processors", horizontal: "hours", vertical: "Jain's index",
                    lines: [line("fairness", \.fairness)]
                ).svg
            ),
        ]
    }
}
