internal import JSON

/// Rows that a verb lists, printed as a table, as JSON or through a template.
struct Listing {
    /// One row: what templates see, and what `.Label` looks in.
    struct Row {
        var fields: JSONObject
        var labels: JSONObject = [:]
    }

    /// What each field is called at the top of a table.
    let headers: [(field: String, header: String)]
    /// The template of the table that is printed without `--format`.
    let table: String
    var rows: [Row]

    /// `table` or nothing gives the usual table, `table TEMPLATE` another one, `json` a line of JSON for each row; anything else is
    /// a template for each row.
    ///
    /// - Throws: ``Failure/message(_:code:)`` when the template is wrong, naming the place.
    func text(format: String?) throws(Failure) -> String {
        let format = (format ?? "table").replacing("\\t", with: "\t").replacing("\\n", with: "\n")
        if format == "json" { return rows.map { "\(JSONValue.object($0.fields.sorted))\n" }.joined() }
        guard format == "table" || format.hasPrefix("table ") else { return try lines(Self.template(format)) }
        let own = String(format.dropFirst("table ".count))
        let template = try Self.template(own.isEmpty ? table : own)
        var titles = JSONObject()
        for (field, header) in headers { titles[field] = .string(header) }
        let head = try Self.running { () throws(TemplateError) in
            try template.execute(on: .object(titles)) { name, _, arguments in
                name == "Label" ? arguments.first.map { .string(Self.labelHeader($0.templateText)) } : nil
            }
        }
        return TabWriter().aligned(head + "\n" + (try lines(template)))
    }

    private func lines(_ template: Template) throws(Failure) -> String {
        var text = ""
        for row in rows {
            text += try Self.running { () throws(TemplateError) in
                try template.execute(on: .object(row.fields)) { name, _, arguments in
                    name == "Label" ? arguments.first.map { row.labels[$0.templateText] ?? "" } : nil
                }
            }
            text += "\n"
        }
        return text
    }

    /// The last word of a label's name, as docker titles it.
    private static func labelHeader(_ name: String) -> String {
        (name.split(separator: ".").last.map(String.init) ?? name).replacing("-", with: " ").replacing("_", with: " ")
    }

    static func template(_ text: String) throws(Failure) -> Template {
        try running { () throws(TemplateError) in try Template(text) }
    }

    static func running<Result>(_ body: () throws(TemplateError) -> Result) throws(Failure) -> Result {
        do throws(TemplateError) {
            return try body()
        } catch {
            throw .message("\(error)")
        }
    }
}

extension JSONObject {
    /// The same members in the order of their names.
    var sorted: JSONObject { JSONObject(sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) }
}

extension String {
    /// The same with every `old` replaced.
    func replacing(_ old: String, with new: String) -> String {
        var result = ""
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(old) {
                result += new
                rest = rest.dropFirst(old.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }
}
