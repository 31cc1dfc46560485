internal import Units

/// The flags of one instruction, taken one after another; what is left is unknown.
struct InstructionFlags {
    private let keyword: String
    private var flags: [(name: String, value: String?)]

    init(_ keyword: String, _ flags: [String]) {
        self.keyword = keyword
        self.flags = flags.map { flag in
            let text = flag.dropFirst(2)
            guard let equals = text.firstIndex(of: "=") else { return (String(text), nil) }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }

    func has(_ name: String) -> Bool { flags.contains { $0.name == name } }

    /// - Throws: when the flag has no value or stands twice.
    mutating func text(_ name: String) throws(DockerfileError) -> String? {
        let found = flags.filter { $0.name == name }
        flags.removeAll { $0.name == name }
        guard found.count <= 1 else { throw DockerfileError(line: 0, "duplicate flag specified: --\(name)") }
        guard let first = found.first else { return nil }
        guard let value = first.value else { throw DockerfileError(line: 0, "missing a value on flag: --\(name)") }
        return value
    }

    mutating func all(_ name: String) -> [String] {
        defer { flags.removeAll { $0.name == name && $0.value != nil } }
        return flags.filter { $0.name == name }.compactMap(\.value)
    }

    mutating func `switch`(_ name: String) throws(DockerfileError) -> Bool {
        let found = flags.filter { $0.name == name }
        flags.removeAll { $0.name == name }
        guard let last = found.last else { return false }
        switch last.value {
        case nil, "true": return true
        case "false": return false
        case let other?: throw DockerfileError(line: 0, "expecting boolean value for flag --\(name), not: \(other)")
        }
    }

    /// A span of time in nanoseconds.
    mutating func duration(_ name: String) throws(DockerfileError) -> Int64? {
        guard let text = try text(name) else { return nil }
        guard let duration = try? Duration(parsing: text) else {
            throw DockerfileError(line: 0, "--\(name): \"\(text)\" is not a duration such as 30s or 1m30s")
        }
        let nanoseconds = duration.inNanoseconds
        guard nanoseconds == 0 || nanoseconds >= 1_000_000 else {
            throw DockerfileError(line: 0, "--\(name): \(text) is shorter than 1ms")
        }
        return nanoseconds
    }

    func finish() throws(DockerfileError) {
        guard let first = flags.first else { return }
        throw DockerfileError(line: 0, "unknown flag: --\(first.name) of \(keyword)")
    }
}
