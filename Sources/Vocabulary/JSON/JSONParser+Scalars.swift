// Strings and numbers: the two rules of the grammar that look at every byte.
extension JSONParser {
    /// Reads a string; the position is at its opening quote.
    mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        let end = try endOfRun()
        guard bytes[end] == Byte.backslash else {
            position = end + 1
            return try text(start..<end)
        }
        return try escapedString(from: start, firstEscape: end)
    }

    /// Where the run of plain bytes from the position ends: at a quote or a backslash.
    private mutating func endOfRun() throws(JSONError) -> Int {
        let text = bytes.span
        var index = position
        while index < text.count {
            let byte = text[index]
            if byte == Byte.quote || byte == Byte.backslash { return index }
            if byte < 0x20 { throw unexpected("no control character in a string", at: index) }
            index += 1
        }
        throw unexpected("a closing quote", at: index)
    }

    private func text(_ range: Range<Int>) throws(JSONError) -> String {
        let invalid: Int
        do {
            return String(copying: try UTF8Span(validating: bytes.span.extracting(range)))
        } catch {
            invalid = range.lowerBound + error.byteOffsets.lowerBound
        }
        throw unexpected("UTF-8", at: min(invalid, bytes.count))
    }

    private mutating func escapedString(from start: Int, firstEscape: Int) throws(JSONError) -> String {
        var result = try text(start..<firstEscape)
        position = firstEscape
        while true {
            if take(Byte.quote) { return result }
            if take(Byte.backslash) {
                result.unicodeScalars.append(try escape())
            } else {
                let end = try endOfRun()
                result += try text(position..<end)
                position = end
            }
        }
    }

    /// Reads what follows a backslash.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let scalar: Unicode.Scalar
        switch current {
        case Byte.quote: scalar = "\""
        case Byte.backslash: scalar = "\\"
        case UInt8(ascii: "/"): scalar = "/"
        case UInt8(ascii: "b"): scalar = "\u{8}"
        case UInt8(ascii: "f"): scalar = "\u{C}"
        case UInt8(ascii: "n"): scalar = "\n"
        case UInt8(ascii: "r"): scalar = "\r"
        case UInt8(ascii: "t"): scalar = "\t"
        case UInt8(ascii: "u"):
            position += 1
            return try escapedScalar()
        default: throw unexpected("an escape")
        }
        position += 1
        return scalar
    }

    /// Reads four hexadecimal digits, or the two groups of a surrogate pair.
    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let start = position
        let unit = try hexadecimal()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00 else { throw unexpected("a high surrogate first", at: start) }
        guard take(Byte.backslash), take(UInt8(ascii: "u")) else { throw unexpected("the low surrogate of a pair") }
        let second = position
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        else { throw unexpected("a low surrogate", at: second) }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = current
            switch byte {
            case Byte.zero...Byte.nine: value = value << 4 | UInt32(byte - Byte.zero)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw unexpected("a hexadecimal digit")
            }
            position += 1
        }
        return value
    }
}

extension JSONParser {
    /// Reads a number; the position is at its first byte.
    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = take(Byte.minus)
        var magnitude: UInt64? = 0
        if !take(Byte.zero) {
            magnitude = try digits()
        } else if isDigit(current) {
            throw unexpected("no digit after a leading zero")
        }
        var isWhole = true
        if take(Byte.dot) {
            isWhole = false
            _ = try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(Byte.plus) { _ = take(Byte.minus) }
            _ = try digits()
        }
        if isWhole, let magnitude, let value = whole(magnitude, isNegative: isNegative) { return value }
        return .double(try double(start..<position))
    }

    /// Reads one or more digits: their value, or `nil` when `UInt64` does not hold it.
    private mutating func digits() throws(JSONError) -> UInt64? {
        guard isDigit(current) else { throw unexpected("a digit") }
        var value: UInt64 = 0
        var fits = true
        while isDigit(current) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(current - Byte.zero))
            fits = fits && !overflow && !carry
            value = sum
            position += 1
        }
        return fits ? value : nil
    }

    private func whole(_ magnitude: UInt64, isNegative: Bool) -> JSONValue? {
        guard isNegative else { return JSONValue(number: magnitude) }
        if magnitude == 0 { return nil }  // minus zero is a double
        if magnitude == Int64.min.magnitude { return .integer(.min) }
        return Int64(exactly: magnitude).map { .integer(-$0) }
    }

    private func double(_ range: Range<Int>) throws(JSONError) -> Double {
        guard let value = Double(try text(range)), value.isFinite else {
            throw unexpected("a number that a double holds", at: range.lowerBound)
        }
        return value
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        byte >= Byte.zero && byte <= Byte.nine
    }
}
