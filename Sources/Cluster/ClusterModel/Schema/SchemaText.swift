/// The written form of a ``Schema``.
///
/// An entry is `Type: field number shape, field number shape, …`; lines that begin with a space go on with the entry above. The
/// number is the field's in protobuf, `2.4` where it lies in a message that JSON does not show; without one there is none. A shape is a
/// simple one by name, a type, `[shape]` for lists, `{shape}` for maps. `field*` is required; `by key` says which field tells
/// the elements of a list apart when patches are merged, `merged` that plain elements are united, `retaining` that an element
/// may list the fields it keeps.
enum SchemaText {
    static func types(of text: String, in package: String) -> [SchemaType] {
        var entries: [String] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix(" "), let last = entries.indices.last {
                entries[last] += " " + line.drop { $0 == " " }
            } else {
                entries.append(String(line))
            }
        }
        return entries.compactMap { type($0, in: package) }
    }

    private static func type(_ entry: String, in package: String) -> SchemaType? {
        let halves = entry.split(separator: ":", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        let fields = halves[1].split(separator: ",").compactMap { field($0.split(separator: " ")) }
        return SchemaType(name: String(halves[0]), definition: "\(package).\(halves[0])", fields: fields)
    }

    private static func field(_ given: [Substring]) -> SchemaField? {
        guard given.count >= 2, let name = given.first else { return nil }
        var words = given.dropFirst()
        let numbers = words.first.map { $0.split(separator: ".").compactMap { Int($0) } } ?? []
        if !numbers.isEmpty { words = words.dropFirst() }
        guard let shape = words.first else { return nil }
        let isRequired = name.hasSuffix("*")
        let key = words.firstIndex(of: "by").flatMap { $0 + 1 < words.endIndex ? String(words[$0 + 1]) : nil }
        return SchemaField(
            name: String(isRequired ? name.dropLast() : name), numbers: numbers, shape: self.shape(shape),
            isRequired: isRequired, mergeKey: key, isMerged: words.contains("merged"),
            retainsKeys: words.contains("retaining"))
    }

    private static func shape(_ text: Substring) -> Shape {
        if text.hasPrefix("[") { return .list(shape(text.dropFirst().dropLast())) }
        if text.hasPrefix("{") { return .map(shape(text.dropFirst().dropLast())) }
        return switch text {
        case "string": .string
        case "bool": .boolean
        case "int32": .int32
        case "int64": .int64
        case "number": .number
        case "quantity": .quantity
        case "intOrString": .intOrString
        case "time": .time
        case "microTime": .microTime
        case "bytes": .bytes
        case "any": .any
        default: .type(String(text))
        }
    }
}
