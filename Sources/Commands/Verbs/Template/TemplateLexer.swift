internal import JSON

/// The smallest pieces of a template.
enum TemplateToken: Equatable {
    case text(String)
    case open
    case close
    case pipe
    case comma
    case declare
    case assign
    case openParenthesis
    case closeParenthesis
    /// A space between two operands: it parts `.A .B` from `.A.B`.
    case space
    case dot
    case field(String)
    case variable(String)
    case word(String)
    case literal(JSONValue)
}

/// Cuts a template into tokens; trims what `{{-` and `-}}` ask for and drops comments.
struct TemplateLexer {
    private let characters: [Character]
    private var index = 0
    private var place = TemplatePlace(line: 1, column: 1)
    private var tokens: [(token: TemplateToken, place: TemplatePlace)] = []

    init(_ text: String) {
        characters = Array(text)
    }

    static func tokens(of text: String) throws(TemplateError) -> [(token: TemplateToken, place: TemplatePlace)] {
        var lexer = TemplateLexer(text)
        try lexer.run()
        return lexer.tokens
    }

    private mutating func run() throws(TemplateError) {
        var trimsNext = false
        while index < characters.count {
            let start = place
            var text = ""
            while index < characters.count, !starts("{{") { text.append(advance()) }
            if trimsNext { text = String(text.drop { $0.isWhitespace }) }
            guard starts("{{") else {
                append(.text(text), start)
                return
            }
            if starts("{{- ") || starts("{{-\n") {
                while text.last?.isWhitespace == true { text.removeLast() }
            }
            append(.text(text), start)
            trimsNext = try action()
        }
    }

    private mutating func append(_ token: TemplateToken, _ place: TemplatePlace) {
        if token == .text("") { return }
        tokens.append((token, place))
    }

    /// Reads `{{ … }}`; true when it ends with `-}}`.
    private mutating func action() throws(TemplateError) -> Bool {
        let start = place
        skip(2)
        if starts("- ") || starts("-\n") { skip(1) }
        skipSpace()
        if starts("/*") {
            while index < characters.count, !starts("*/") { _ = advance() }
            skip(2)
            skipSpace()
        } else {
            tokens.append((.open, start))
        }
        let isComment = tokens.last?.token != .open
        while true {
            guard index < characters.count else { throw start.error("unclosed action: {{ without }}") }
            if starts("}}") || starts("-}}") {
                let trims = starts("-}}")
                if !isComment { tokens.append((.close, place)) }
                skip(trims ? 3 : 2)
                return trims
            }
            try token()
        }
    }

    private mutating func token() throws(TemplateError) {
        let start = place
        let character = characters[index]
        switch character {
        case _ where character.isWhitespace:
            skipSpace()
            tokens.append((.space, start))
        case "|": single(.pipe)
        case ",": single(.comma)
        case "(": single(.openParenthesis)
        case ")": single(.closeParenthesis)
        case "=": single(.assign)
        case ":" where starts(":="):
            tokens.append((.declare, start))
            skip(2)
        case "\"": tokens.append((.literal(.string(try quoted())), start))
        case "`":
            _ = advance()
            var text = ""
            while index < characters.count, characters[index] != "`" { text.append(advance()) }
            guard index < characters.count else { throw start.error("unterminated raw string") }
            skip(1)
            tokens.append((.literal(.string(text)), start))
        case ".":
            _ = advance()
            if index < characters.count, characters[index].isNumber {
                tokens.append((try number(prefix: "0."), start))
            } else {
                let name = word()
                tokens.append((name.isEmpty ? .dot : .field(name), start))
            }
        case "$":
            _ = advance()
            tokens.append((.variable(word()), start))
        case _ where character.isNumber || character == "-" || character == "+":
            tokens.append((try number(prefix: ""), start))
        case _ where character.isLetter || character == "_": tokens.append((.word(word()), start))
        default: throw start.error("unexpected \"\(character)\" in an action")
        }
    }

    private mutating func single(_ token: TemplateToken) {
        tokens.append((token, place))
        skip(1)
    }

    private mutating func word() -> String {
        var text = ""
        while index < characters.count, characters[index].isLetter || characters[index].isNumber || starts("_") {
            text.append(advance())
        }
        return text
    }

    private mutating func number(prefix: String) throws(TemplateError) -> TemplateToken {
        let start = place
        var text = prefix
        while index < characters.count, characters[index].isNumber || "+-.eExXabcdefABCDEF_".contains(characters[index])
        {
            text.append(advance())
        }
        text.removeAll { $0 == "_" }
        if let whole = Int64(text) { return .literal(.integer(whole)) }
        if text.lowercased().hasPrefix("0x"), let whole = Int64(text.dropFirst(2), radix: 16) {
            return .literal(.integer(whole))
        }
        guard let double = Double(text) else { throw start.error("bad number \"\(text)\"") }
        return .literal(.double(double))
    }

    private mutating func quoted() throws(TemplateError) -> String {
        let start = place
        skip(1)
        var text = ""
        while index < characters.count {
            let character = advance()
            if character == "\"" { return text }
            guard character == "\\", index < characters.count else {
                text.append(character)
                continue
            }
            let escaped = advance()
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            case "\\", "\"", "'": text.append(escaped)
            default: throw start.error("unknown escape \\\(escaped) in a string")
            }
        }
        throw start.error("unterminated string")
    }

    private func starts(_ text: String) -> Bool { characters[index...].starts(with: text) }

    private mutating func skip(_ count: Int) {
        for _ in 0..<count where index < characters.count { _ = advance() }
    }

    private mutating func skipSpace() {
        while index < characters.count, characters[index].isWhitespace { _ = advance() }
    }

    private mutating func advance() -> Character {
        let character = characters[index]
        index += 1
        if character == "\n" {
            place = TemplatePlace(line: place.line + 1, column: 1)
        } else {
            place.column += 1
        }
        return character
    }
}
