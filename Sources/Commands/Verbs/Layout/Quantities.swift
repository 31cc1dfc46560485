internal import Glibc

/// Reads a number of bytes such as `512`, `64k`, `1.5g` or `10MiB`, in powers of 1024.
///
/// Source: github.com/docker/go-units, RAMInBytes.
func parsedBytes(_ text: String) throws(FlagError) -> Int64 {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    var unit = text.dropFirst(digits.count).lowercased()
    while unit.first == " " { unit.removeFirst() }
    if unit.hasSuffix("ib") { unit.removeLast(2) } else if unit.hasSuffix("b") { unit.removeLast() }
    let powers = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5]
    guard let number = Double(digits), let power = powers[unit] else {
        throw FlagError(reason: "expected a size such as 512, 64k, 10m or 2g")
    }
    let bytes = number * pow(1024, Double(power))
    guard bytes < Double(Int64.max) else { throw FlagError(reason: "more bytes than 64 bits count") }
    return Int64(bytes)
}

/// Reads a span such as `300ms`, `1.5h` or `2h45m`, in nanoseconds.
///
/// Source: Go's time.ParseDuration.
func parsedDuration(_ text: String) throws(FlagError) -> Int64 {
    let units: [(String, Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
    ]
    var rest = text[...]
    let isNegative = rest.first == "-"
    if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
    guard !rest.isEmpty else { throw FlagError(reason: "expected a duration such as 1m30s") }
    if rest == "0" { return 0 }
    var total = 0.0
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isNumber || $0 == "." }
        let unit = rest.dropFirst(digits.count).prefix { !$0.isNumber && $0 != "." }
        guard let number = Double(digits), let scale = units.first(where: { $0.0 == unit })?.1 else {
            throw FlagError(reason: "expected a duration such as 1m30s")
        }
        total += number * scale
        rest = rest.dropFirst(digits.count + unit.count)
    }
    return Int64(isNegative ? -total : total)
}

/// Writes quantities as docker does, for people.
enum Human {
    /// Decimal units with three digits: `4.26MB`.
    static func size(_ bytes: Double, digits: Int32 = 3) -> String {
        scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"], digits)
    }

    /// Binary units with four digits: `1.944MiB`.
    static func binarySize(_ bytes: Double) -> String {
        scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 4)
    }

    private static func scaled(_ bytes: Double, _ base: Double, _ units: [String], _ digits: Int32) -> String {
        var number = bytes
        var unit = 0
        while number >= base, unit < units.count - 1 {
            number /= base
            unit += 1
        }
        return formatted("%.\(digits)g", number) + units[unit]
    }

    /// A span in the words that stand before `ago`.
    ///
    /// Source: github.com/docker/go-units, HumanDuration.
    static func duration(seconds: Int64) -> String {
        let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600)
        switch seconds {
        case ..<1: return "Less than a second"
        case 1: return "1 second"
        case ..<60: return "\(seconds) seconds"
        default: break
        }
        if minutes == 1 { return "About a minute" }
        if minutes < 60 { return "\(minutes) minutes" }
        if hours == 1 { return "About an hour" }
        if hours < 48 { return "\(hours) hours" }
        if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
        if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
        if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
        return "\(seconds / 3600 / 24 / 365) years"
    }

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
