/// Bytes from another node that are no message.
package struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong, such as `piece set: 3 bytes missing`.
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
