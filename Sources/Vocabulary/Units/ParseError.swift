/// A text that is no value of a unit.
package struct ParseError: Error, Equatable, Sendable {
    /// What it should have been, such as `size`.
    package let kind: String
    package let text: String
    /// What is wrong, or what would have been right.
    package let reason: String

    package init(_ kind: String, _ text: String, _ reason: String) {
        self.kind = kind
        self.text = text
        self.reason = reason
    }
}

extension ParseError: CustomStringConvertible {
    package var description: String { "invalid \(kind) \"\(text)\": \(reason)" }
}
