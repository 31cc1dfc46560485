/// A condition on one label.
package struct LabelCondition: Hashable, Sendable {
    package enum Test: Hashable, Sendable {
        case isOneOf(Set<String>)
        /// Also true where the label is absent.
        case isNoneOf(Set<String>)
        case exists
        case isAbsent
        case isGreater(than: Int64)
        case isLess(than: Int64)
    }

    package var key: String
    package var test: Test

    package init(_ key: String, _ test: Test) {
        self.key = key
        self.test = test
    }

    func holds(for value: String?) -> Bool {
        switch test {
        case .isOneOf(let values): value.map(values.contains) ?? false
        case .isNoneOf(let values): value.map { !values.contains($0) } ?? true
        case .exists: value != nil
        case .isAbsent: value == nil
        case .isGreater(let bound): value.flatMap { Int64($0) }.map { $0 > bound } ?? false
        case .isLess(let bound): value.flatMap { Int64($0) }.map { $0 < bound } ?? false
        }
    }
}

/// Conditions that must all hold; none at all hold for everything.
package struct LabelSelector: Hashable, Sendable {
    package var conditions: [LabelCondition]

    package init(_ conditions: [LabelCondition] = []) {
        self.conditions = conditions
    }

    /// Labels that must have exactly these values.
    package init(matching labels: [String: String]) {
        conditions = labels.sorted { $0.key < $1.key }.map { LabelCondition($0.key, .isOneOf([$0.value])) }
    }

    package func matches(_ labels: [String: String]) -> Bool {
        conditions.allSatisfy { $0.holds(for: labels[$0.key]) }
    }
}

/// Selectors of which one must match; used for node affinity and for a volume's nodes.
package struct NodeSelector: Hashable, Sendable {
    package var terms: [LabelSelector]

    package init(_ terms: [LabelSelector]) {
        self.terms = terms
    }

    package func matches(_ labels: [String: String]) -> Bool {
        terms.contains { $0.matches(labels) }
    }
}
