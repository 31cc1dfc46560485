/// What is wrong with a `--format` template, and where.
struct TemplateError: Error, Equatable, CustomStringConvertible {
    var reason: String
    /// In characters, from 1; the line counts only when there are several.
    var line: Int
    var column: Int

    var description: String { "template: line \(line), column \(column): \(reason)" }
}

/// A place in a template.
struct TemplatePlace: Equatable {
    var line: Int
    var column: Int

    func error(_ reason: String) -> TemplateError { TemplateError(reason: reason, line: line, column: column) }
}
