internal import JSON

/// A template in Go's language, as `--format` takes it, over JSON.
///
/// Fields, variables, `if`/`else`, `with`, `range`, pipes and the functions of ``TemplateFunctions``.
struct Template {
    /// Answers fields that take arguments, such as `.Label "name"`.
    typealias Methods = (_ name: String, _ subject: JSONValue, _ arguments: [JSONValue]) -> JSONValue?

    private let nodes: [TemplateNode]

    init(_ text: String) throws(TemplateError) {
        nodes = try TemplateParser.parse(text)
    }

    /// Whether a field that an object has not is an error that names it, or the empty value.
    enum MissingField {
        case error
        case empty
    }

    func execute(
        on value: JSONValue, missing: MissingField = .error, methods: @escaping Methods = { _, _, _ in nil }
    ) throws(TemplateError) -> String {
        var run = TemplateRun(missing: missing, methods: methods, root: value)
        _ = try run.execute(nodes, dot: value)
        return run.output
    }
}

/// One execution of a template.
struct TemplateRun {
    let missing: Template.MissingField
    let methods: Template.Methods
    private(set) var output = ""
    /// The innermost last; `$` is the value the template was started with.
    private var variables: [(name: String, value: JSONValue)]

    init(missing: Template.MissingField, methods: @escaping Template.Methods, root: JSONValue) {
        self.missing = missing
        self.methods = methods
        variables = [("", root)]
    }

    private enum Flow {
        case onwards
        case leave
        case next
    }

    fileprivate mutating func execute(_ nodes: [TemplateNode], dot: JSONValue) throws(TemplateError) -> Bool {
        try run(nodes, dot) == .onwards
    }

    private mutating func run(_ nodes: [TemplateNode], _ dot: JSONValue) throws(TemplateError) -> Flow {
        let scope = variables.count
        defer { variables.removeLast(variables.count - scope) }
        for node in nodes {
            let flow = try run(node, dot)
            if flow != .onwards { return flow }
        }
        return .onwards
    }

    private mutating func run(_ node: TemplateNode, _ dot: JSONValue) throws(TemplateError) -> Flow {
        switch node {
        case .text(let text): output += text
        case .action(let pipeline):
            let value = try evaluate(pipeline, dot)
            if pipeline.variables.isEmpty { output += value.templateText }
        case .choice(let condition, let then, let otherwise):
            let scope = variables.count
            defer { variables.removeLast(variables.count - scope) }
            let value = try evaluate(condition, dot)
            return try run(value.isTrue ? then : otherwise, dot)
        case .with(let pipeline, let then, let otherwise):
            let scope = variables.count
            defer { variables.removeLast(variables.count - scope) }
            let value = try evaluate(pipeline, dot)
            return try value.isTrue ? run(then, value) : run(otherwise, dot)
        case .range(let pipeline, let body, let otherwise): try range(pipeline, body, otherwise, dot)
        case .leave: return .leave
        case .next: return .next
        }
        return .onwards
    }

    private mutating func range(
        _ pipeline: TemplatePipeline, _ body: [TemplateNode], _ otherwise: [TemplateNode], _ dot: JSONValue
    ) throws(TemplateError) {
        var quiet = pipeline
        quiet.variables = []
        let entries = try Self.entries(evaluate(quiet, dot), pipeline.place)
        if entries.isEmpty {
            _ = try run(otherwise, dot)
            return
        }
        for (key, value) in entries {
            let scope = variables.count
            defer { variables.removeLast(variables.count - scope) }
            if let last = pipeline.variables.last { variables.append((last, value)) }
            if pipeline.variables.count > 1 { variables.append((pipeline.variables[0], key)) }
            if try run(body, value) == .leave { return }
        }
    }

    private static func entries(
        _ value: JSONValue, _ place: TemplatePlace
    ) throws(TemplateError) -> [(JSONValue, JSONValue)] {
        switch value {
        case .array(let elements): return elements.enumerated().map { (.integer(Int64($0)), $1) }
        case .object(let members):
            return members.sorted { $0.key < $1.key }.map { (.string($0.key), $0.value) }
        case .integer(let count): return (0..<max(0, count)).map { (.integer($0), .integer($0)) }
        case .null: return []
        default: throw place.error("range can't iterate over \(value.templateText)")
        }
    }

    private mutating func evaluate(_ pipeline: TemplatePipeline, _ dot: JSONValue) throws(TemplateError) -> JSONValue {
        var value: JSONValue?
        for command in pipeline.commands { value = try evaluate(command, dot, last: value) }
        let result = value ?? .null
        for name in pipeline.variables {
            if pipeline.declares {
                variables.append((name, result))
            } else if let index = variables.lastIndex(where: { $0.name == name }) {
                variables[index].value = result
            } else {
                throw pipeline.place.error("undefined variable \"$\(name)\"")
            }
        }
        return result
    }

    private mutating func evaluate(
        _ command: TemplateCommand, _ dot: JSONValue, last: JSONValue?
    ) throws(TemplateError) -> JSONValue {
        let first = command.operands[0]
        var arguments: [JSONValue] = []
        if case .function(let name) = first.source {
            if name == "and" || name == "or" { return try shortCircuit(name, command, dot, last) }
            for operand in command.operands.dropFirst() { arguments.append(try evaluate(operand, dot)) }
            if let last { arguments.append(last) }
            do throws(FlagError) {
                return try TemplateFunctions.call(name, arguments)
            } catch {
                throw first.place.error("error calling \(name): \(error.reason)")
            }
        }
        for operand in command.operands.dropFirst() { arguments.append(try evaluate(operand, dot)) }
        if let last { arguments.append(last) }
        if let method = first.fields.last {
            var owner = first
            owner.fields.removeLast()
            if let answer = methods(method, try evaluate(owner, dot), arguments) { return answer }
        }
        guard arguments.isEmpty else { throw first.place.error("\(first.written) takes no arguments") }
        return try evaluate(first, dot)
    }

    /// `and` and `or` stop at the first value that decides.
    private mutating func shortCircuit(
        _ name: String, _ command: TemplateCommand, _ dot: JSONValue, _ last: JSONValue?
    ) throws(TemplateError) -> JSONValue {
        var value = JSONValue.null
        for operand in command.operands.dropFirst() {
            value = try evaluate(operand, dot)
            if value.isTrue == (name == "or") { return value }
        }
        return last ?? value
    }

    private mutating func evaluate(_ operand: TemplateOperand, _ dot: JSONValue) throws(TemplateError) -> JSONValue {
        var value: JSONValue
        switch operand.source {
        case .dot: value = dot
        case .literal(let literal): return literal
        case .variable(let name):
            guard let found = variables.last(where: { $0.name == name }) else {
                throw operand.place.error("undefined variable \"$\(name)\"")
            }
            value = found.value
        case .pipeline(let pipeline): value = try evaluate(pipeline, dot)
        case .function: return try evaluate(TemplateCommand(operands: [operand], place: operand.place), dot, last: nil)
        }
        for field in operand.fields { value = try take(field, of: value, operand) }
        return value
    }

    private func take(_ field: String, of value: JSONValue, _ operand: TemplateOperand) throws(TemplateError)
        -> JSONValue
    {
        switch value {
        case .object(let members):
            if let member = members[field] { return member }
            if let answer = methods(field, value, []) { return answer }
            if missing == .empty { return .null }
            let hint = nearest(field, in: members.keys).map { "; did you mean .\($0)?" } ?? ""
            throw operand.place.error("\(operand.written): there is no field \"\(field)\"\(hint)")
        case .null:
            throw operand.place.error("\(operand.written): nothing there to take \"\(field)\" from")
        default:
            throw operand.place.error("\(operand.written): can't take \"\(field)\" from \(value.templateText)")
        }
    }
}
