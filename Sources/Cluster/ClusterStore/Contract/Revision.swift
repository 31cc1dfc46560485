/// A moment in the life of a store: the number of writes that it had seen.
///
/// One counter for the whole store. An empty store is at 1, its first write makes 2, and a number is never given twice, not
/// even after a crash. Kubernetes' `resourceVersion` is this number in decimal.
///
/// Source: etcd, "Data model"; Kubernetes, "API concepts", "Resource versions".
package struct Revision: Hashable, Sendable {
    package let number: Int64

    /// Where an empty store stands.
    package static let first = Revision(1)

    package init(_ number: Int64) {
        self.number = number
    }

    /// Reads a `resourceVersion`: digits only.
    package init?(parsing text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else {
            return nil
        }
        self.number = number
    }

    package var next: Revision { Revision(number + 1) }
}

extension Revision: Comparable {
    package static func < (left: Revision, right: Revision) -> Bool { left.number < right.number }
}

extension Revision: CustomStringConvertible {
    package var description: String { String(number) }
}
