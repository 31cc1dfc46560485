/// A file of lines `name number`, in its order.
package struct KeyedNumbers: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var name: String
        package var value: UInt64
    }

    package var entries: [Entry]

    /// Reads what it can: lines of another shape are left out.
    package init(_ text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 2, let value = UInt64(words[1]) else { return nil }
            return Entry(name: String(words[0]), value: value)
        }
    }

    package subscript(name: String) -> UInt64? {
        entries.first { $0.name == name }?.value
    }
}
