/// Text as Go's encoder writes it into a JSON string, with what HTML would misread escaped too.
///
/// Every byte that is not UTF-8 becomes `\ufffd`, one for one.
enum LogEscape {
    /// The most bytes that one byte can become.
    static let largestExpansion = 6

    /// Appends `text` to `buffer`, which has `text.count * largestExpansion` bytes reserved.
    static func append(_ text: UnsafeRawBufferPointer, to buffer: inout LogBuffer) {
        var start = 0
        var index = 0
        let end = text.count
        while index < end {
            let byte = text[index]
            if isPlain(byte) {
                index += 1
                continue
            }
            let length = byte < 0x80 ? 1 : scalarLength(text, at: index)
            if length > 1, !isLineSeparator(text, at: index, length: length) {
                index += length
                continue
            }
            buffer.append(UnsafeRawBufferPointer(rebasing: text[start..<index]))
            escape(text, at: index, length: length, to: &buffer)
            index += max(length, 1)
            start = index
        }
        buffer.append(UnsafeRawBufferPointer(rebasing: text[start..<end]))
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "&")
    }

    /// Here `length` is 0 for a byte that is not UTF-8, 1 for ASCII, 3 for U+2028 and U+2029.
    private static func escape(_ text: UnsafeRawBufferPointer, at index: Int, length: Int, to buffer: inout LogBuffer) {
        let byte = text[index]
        switch (length, byte) {
        case (0, _): buffer.append("\\ufffd")
        case (3, _):
            buffer.append("\\u202")
            buffer.append(hexadecimal(text[index + 2] & 0xF))
        case (_, UInt8(ascii: "\"")), (_, UInt8(ascii: "\\")):
            buffer.append(UInt8(ascii: "\\"))
            buffer.append(byte)
        case (_, UInt8(ascii: "\n")): buffer.append("\\n")
        case (_, UInt8(ascii: "\r")): buffer.append("\\r")
        default:
            buffer.append("\\u00")
            buffer.append(hexadecimal(byte >> 4))
            buffer.append(hexadecimal(byte & 0xF))
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }

    /// U+2028 and U+2029, which JavaScript takes for line ends.
    private static func isLineSeparator(_ text: UnsafeRawBufferPointer, at index: Int, length: Int) -> Bool {
        length == 3 && text[index] == 0xE2 && text[index + 1] == 0x80 && text[index + 2] & 0xFE == 0xA8
    }

    /// The length of the scalar that starts at `index` with a byte above 0x7F; 0 when it is not well formed.
    ///
    /// Source: Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
    private static func scalarLength(_ text: UnsafeRawBufferPointer, at index: Int) -> Int {
        let first = text[index]
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch first {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            default: (0, 0x80...0xBF)
            }
        guard length > 0, text.count - index >= length, second.contains(text[index + 1]) else { return 0 }
        for offset in 2..<max(length, 2) where text[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
