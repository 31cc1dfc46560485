internal import ClusterModel
package import JSON

/// A server's table as lines for people.
///
/// Source: Kubernetes API concepts, "Receiving resources as Tables".
package struct TableText: Sendable {
    private var widths: [Int] = []
    private var hasHeading = false
    private var columns: [Int] = []
    private var names: [String] = []
    private let isWide: Bool
    private let showsNamespace: Bool

    package init(isWide: Bool, showsNamespace: Bool) {
        self.isWide = isWide
        self.showsNamespace = showsNamespace
    }

    /// The lines of `table`; those of a later one stand below without a heading.
    package mutating func lines(_ table: JSONValue) -> [String] {
        let field = Field(table)
        if columns.isEmpty {
            let definitions = field["columnDefinitions"].elements
            columns = definitions.indices.filter { isWide || (definitions[$0]["priority"].number ?? 0) == 0 }
            names = columns.map { definitions[$0]["name"].text?.uppercased() ?? "" }
            if showsNamespace { names.insert("NAMESPACE", at: 0) }
        }
        var rows = field["rows"].elements.map { row -> [String] in
            let cells = row["cells"].elements
            var texts = columns.map { $0 < cells.count ? cells[$0].text ?? "<none>" : "" }
            if showsNamespace { texts.insert(row["object"]["metadata"]["namespace"].text ?? "", at: 0) }
            return texts
        }
        guard !rows.isEmpty else { return [] }
        if !hasHeading { rows.insert(names, at: 0) }
        hasHeading = true
        for row in rows {
            if widths.isEmpty { widths = row.map(\.count) }
            widths = zip(widths, row).map { max($0, $1.count) }
        }
        return rows.map { row in
            zip(row, widths).enumerated().map { index, cell in
                index == row.count - 1 ? cell.0 : cell.0 + String(repeating: " ", count: cell.1 - cell.0.count + 3)
            }.joined()
        }
    }
}
