internal import Glibc
internal import Units

/// Reads a number of bytes such as `512`, `64k`, `1.5g` or `10MiB`, in powers of 1024.
func parsedBytes(_ text: String) throws(FlagError) -> Int64 {
    do throws(ParseError) {
        return Int64(try ByteCount(parsing: text).bytes)
    } catch {
        throw FlagError(reason: "expected a size such as 512, 64k, 10m or 2g")
    }
}

/// Reads a span such as `300ms`, `1.5h` or `2h45m`, in nanoseconds.
func parsedDuration(_ text: String) throws(FlagError) -> Int64 {
    do throws(ParseError) {
        return try Duration(parsing: text).inNanoseconds
    } catch {
        throw FlagError(reason: "expected a duration such as 1m30s")
    }
}

/// Writes quantities as docker does, for people.
enum Human {
    /// Decimal units, three digits unless told otherwise: `4.26MB`.
    static func size(_ bytes: Double, digits: Int = 3) -> String {
        ByteCount(UInt64(max(0, bytes))).decimal(digits: digits)
    }

    /// Binary units with four digits: `1.944MiB`.
    static func binarySize(_ bytes: Double) -> String { ByteCount(UInt64(max(0, bytes))).binary() }

    /// printf(3) with one number.
    static func formatted(_ format: String, _ number: any CVarArg) -> String {
        var buffer = [CChar](repeating: 0, count: 512)
        let count = withVaList([number]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// At most `limit` characters, the last one `…` when something was left out.
    static func shortened(_ text: String, _ limit: Int) -> String {
        text.count <= limit ? text : text.prefix(limit - 1) + "…"
    }

    /// The text in double quotes, as Go's %q writes it.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _ where scalar.value < 32 || scalar.value == 127:
                quoted += "\\x" + formatted("%02x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
