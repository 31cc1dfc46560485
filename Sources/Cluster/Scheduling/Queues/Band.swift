/// One of the queues: its name, who gets into it, and how often it is served.
package struct Band: Hashable, Sendable {
    package var name: String
    /// Served whenever it has something, before all others.
    package var isStrict: Bool
    /// Its part of the service among the queues that are not strict.
    package var weight: Double
    /// The least priority that gets a pod into it when its class names no queue.
    package var minimumPriority: Int32
    /// Whether its pods fill nodes or spread; `nil` leaves that to their profile.
    package var packing: Profile.Packing?
    /// Pods come into it and wait; none is tried.
    package var isPaused: Bool

    package init(
        _ name: String, isStrict: Bool = false, weight: Double = 1, minimumPriority: Int32,
        packing: Profile.Packing? = nil, isPaused: Bool = false
    ) {
        self.name = name
        self.isStrict = isStrict
        self.weight = weight
        self.minimumPriority = minimumPriority
        self.packing = packing
        self.isPaused = isPaused
    }

    /// The position of the queue that takes pods of `template`: by its class's name for it, or by priority.
    static func index(for template: PodTemplate, in bands: [Band]) -> Int {
        let named = template.queue.flatMap { name in bands.firstIndex { $0.name == name } }
        return named ?? bands.firstIndex { template.priority >= $0.minimumPriority } ?? bands.count - 1
    }

    package static let standard = [
        Band("system", isStrict: true, minimumPriority: 1_000_000_000),
        Band("high", weight: 8, minimumPriority: 1000),
        Band("normal", weight: 4, minimumPriority: 0),
        Band("batch", weight: 2, minimumPriority: -1000),
        Band("best-effort", weight: 1, minimumPriority: .min),
    ]
}
