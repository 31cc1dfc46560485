internal import JSON

/// What a template says, ready to be executed.
indirect enum TemplateNode {
    case text(String)
    case action(TemplatePipeline)
    /// The branches in order; the last may be without a condition.
    case choice(condition: TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
    case leave
    case next
}

/// Commands whose values flow from left to right, into variables when it names some.
struct TemplatePipeline {
    var variables: [String] = []
    var declares = false
    var commands: [TemplateCommand] = []
    var place: TemplatePlace
}

/// A function or a field with its arguments, or one value.
struct TemplateCommand {
    var operands: [TemplateOperand]
    var place: TemplatePlace
}

/// One value, with the fields to take from it.
struct TemplateOperand {
    enum Source {
        case dot
        case variable(String)
        case literal(JSONValue)
        case function(String)
        case pipeline(TemplatePipeline)
    }

    var source: Source
    var fields: [String] = []
    var place: TemplatePlace

    /// As it was written, for messages.
    var written: String {
        let path = fields.map { ".\($0)" }.joined()
        return switch source {
        case .dot: path.isEmpty ? "." : path
        case .variable(let name): "$\(name)\(path)"
        case .literal(let value): "\(value)"
        case .function(let name): name
        case .pipeline: "(…)\(path)"
        }
    }
}
