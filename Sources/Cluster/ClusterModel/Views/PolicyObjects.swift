package import JSON

/// scheduling.k8s.io/v1 PriorityClass.
package struct PriorityClassObject: ObjectView {
    package let object: JSONValue
    package init(_ object: JSONValue) { self.object = object }

    package var value: Int { field["value"].number ?? 0 }
    package var isDefault: Bool { field["globalDefault"].flag ?? false }
    package var preemptionPolicy: String { field["preemptionPolicy"].text ?? "PreemptLowerPriority" }
}

/// policy/v1 PodDisruptionBudget.
package struct PodDisruptionBudgetObject: ObjectView {
    package let object: JSONValue
    package init(_ object: JSONValue) { self.object = object }

    package var selector: Field { field["spec"]["selector"] }
    /// How many pods may leave at this moment.
    package var allowed: Int { field["status"]["disruptionsAllowed"].number ?? 0 }

    /// How many of `expected` pods must stay well.
    package func desiredHealthy(of expected: Int) -> Int {
        let spec = field["spec"]
        if spec["minAvailable"].isPresent { return Self.scaled(spec["minAvailable"], of: expected) }
        guard spec["maxUnavailable"].isPresent else { return expected }
        return max(0, expected - Self.scaled(spec["maxUnavailable"], of: expected))
    }

    /// A number, or a percentage rounded up.
    private static func scaled(_ field: Field, of total: Int) -> Int {
        if let number = field.number { return number }
        guard let text = field.text, text.hasSuffix("%"), let percent = Int(text.dropLast()) else { return 0 }
        return (percent * total + 99) / 100
    }
}

/// pouch.io/v1 Queue: pods that are tried together, and how often.
package struct QueueObject: ObjectView {
    package let object: JSONValue
    package init(_ object: JSONValue) { self.object = object }

    /// `nil` leaves the queue as it is otherwise; so do the others.
    package var weight: Double? { field["spec"]["weight"].value?.doubleValue }
    package var priority: Int32? { field["spec"]["priority"].number.flatMap { Int32(exactly: $0) } }
    /// None of its pods is tried.
    package var isPaused: Bool { field["spec"]["paused"].flag ?? false }
    /// As the scheduler serves it, once it has said so.
    package var servedWeight: String? { field["status"]["weight"].text ?? field["spec"]["weight"].text }
    package var servedPriority: Int {
        field["status"]["minimumPriority"].number ?? field["spec"]["priority"].number ?? 0
    }
}

/// pouch.io/v1 PodGroup: pods that start together or not at all.
package struct PodGroupObject: ObjectView {
    package let object: JSONValue
    package init(_ object: JSONValue) { self.object = object }

    package var minimum: Int { field["spec"]["minMember"].number ?? 1 }
    package var topologyKey: String? { field["spec"]["topologyKey"].text }
}
