internal import JSON

/// Builds the tree of a template from its tokens.
///
/// Source: Go's text/template, "Actions" and "Pipelines"; nested templates are left out.
struct TemplateParser {
    private var tokens: ArraySlice<(token: TemplateToken, place: TemplatePlace)>
    private var last = TemplatePlace(line: 1, column: 1)

    static func parse(_ text: String) throws(TemplateError) -> [TemplateNode] {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: text)[...])
        let (nodes, stop) = try parser.nodes()
        if let stop { throw stop.place.error("unexpected {{\(stop.word)}}") }
        return nodes
    }

    private init(tokens: ArraySlice<(token: TemplateToken, place: TemplatePlace)>) {
        self.tokens = tokens
    }

    private typealias Stop = (word: String, place: TemplatePlace)

    /// Reads up to the end or an `{{end}}` or `{{else`; what stands behind `else` is left for the caller.
    private mutating func nodes() throws(TemplateError) -> ([TemplateNode], Stop?) {
        var nodes: [TemplateNode] = []
        while let (token, place) = next() {
            if case .text(let text) = token {
                nodes.append(.text(text))
                continue
            }
            skipSpace()
            if case .word(let word)? = tokens.first?.token {
                switch word {
                case "end", "else":
                    _ = next()
                    if word == "end" { try expectClose() }
                    return (nodes, (word, place))
                case "if", "with", "range":
                    _ = next()
                    nodes.append(try block(word, place))
                    continue
                case "break", "continue":
                    _ = next()
                    try expectClose()
                    nodes.append(word == "break" ? .leave : .next)
                    continue
                case "define", "template", "block": throw place.error("{{\(word)}} is not supported")
                default: break
                }
            }
            let pipeline = try self.pipeline(place)
            try expectClose()
            nodes.append(.action(pipeline))
        }
        return (nodes, nil)
    }

    private mutating func block(_ word: String, _ place: TemplatePlace) throws(TemplateError) -> TemplateNode {
        let pipeline = try self.pipeline(place)
        try expectClose()
        let (body, stop) = try nodes()
        guard let stop else { throw place.error("{{\(word)}} without {{end}}") }
        var otherwise: [TemplateNode] = []
        if stop.word == "else" {
            skipSpace()
            if case .word(let chained)? = tokens.first?.token, chained == "if" || chained == "with" {
                _ = next()
                otherwise = [try block(chained, stop.place)]
            } else {
                try expectClose()
                let (nodes, end) = try self.nodes()
                guard end?.word == "end" else { throw place.error("{{\(word)}} without {{end}}") }
                otherwise = nodes
            }
        }
        return switch word {
        case "if": .choice(condition: pipeline, then: body, otherwise: otherwise)
        case "with": .with(pipeline, then: body, otherwise: otherwise)
        default: .range(pipeline, body: body, otherwise: otherwise)
        }
    }

    private mutating func pipeline(_ place: TemplatePlace) throws(TemplateError) -> TemplatePipeline {
        var pipeline = TemplatePipeline(place: place)
        takeVariables(into: &pipeline)
        while true {
            pipeline.commands.append(try command(place))
            guard tokens.first?.token == .pipe else { return pipeline }
            _ = next()
        }
    }

    /// `$x :=`, `$k, $v :=` or `$x =`; leaves the tokens alone when there is nothing of the kind.
    private mutating func takeVariables(into pipeline: inout TemplatePipeline) {
        var ahead = self
        var names: [String] = []
        while true {
            ahead.skipSpace()
            guard case .variable(let name)? = ahead.next()?.token, !name.isEmpty else { return }
            names.append(name)
            ahead.skipSpace()
            let sign = ahead.next()?.token
            switch sign {
            case .comma: continue
            case .declare, .assign:
                pipeline.declares = sign == .declare
                pipeline.variables = names
                self = ahead
                return
            default: return
            }
        }
    }

    private mutating func command(_ place: TemplatePlace) throws(TemplateError) -> TemplateCommand {
        skipSpace()
        var operands: [TemplateOperand] = []
        while let token = tokens.first?.token, token != .pipe, token != .close, token != .closeParenthesis {
            operands.append(try operand())
            skipSpace()
        }
        guard let first = operands.first else { throw (tokens.first?.place ?? last).error("missing value") }
        return TemplateCommand(operands: operands, place: first.place)
    }

    private mutating func operand() throws(TemplateError) -> TemplateOperand {
        guard let (token, place) = next() else { throw last.error("unexpected end") }
        var operand: TemplateOperand
        switch token {
        case .dot: return TemplateOperand(source: .dot, place: place)
        case .field(let name): operand = TemplateOperand(source: .dot, fields: [name], place: place)
        case .variable(let name): operand = TemplateOperand(source: .variable(name), place: place)
        case .literal(let value): return TemplateOperand(source: .literal(value), place: place)
        case .word(let word): return TemplateOperand(source: try Self.word(word, place), place: place)
        case .openParenthesis:
            let inner = try pipeline(place)
            guard next()?.token == .closeParenthesis else { throw place.error("unclosed parenthesis") }
            operand = TemplateOperand(source: .pipeline(inner), place: place)
        default: throw place.error("unexpected token in an action")
        }
        while case .field(let name)? = tokens.first?.token {
            _ = next()
            operand.fields.append(name)
        }
        return operand
    }

    private static func word(_ word: String, _ place: TemplatePlace) throws(TemplateError) -> TemplateOperand.Source {
        switch word {
        case "true": return .literal(true)
        case "false": return .literal(false)
        case "nil": return .literal(.null)
        default:
            guard TemplateFunctions.names.contains(word) else {
                let hint = nearest(word, in: TemplateFunctions.names.sorted()).map { "; did you mean \($0)?" } ?? ""
                throw place.error("function \"\(word)\" not defined\(hint)")
            }
            return .function(word)
        }
    }

    private mutating func next() -> (token: TemplateToken, place: TemplatePlace)? {
        guard let first = tokens.popFirst() else { return nil }
        last = first.place
        return first
    }

    private mutating func skipSpace() {
        while tokens.first?.token == .space { _ = next() }
    }

    private mutating func expectClose() throws(TemplateError) {
        skipSpace()
        guard let (token, place) = next() else { throw last.error("unclosed action") }
        guard token == .close else { throw place.error("unexpected token at the end of an action") }
    }
}
