package import ClusterModel
package import Scheduling

/// Reads the objects that say how pods are queued: `pouch.io/v1` Queue.
package enum QueueReader {
    /// The queues there are when nobody has said anything, and what the objects change of them or add.
    ///
    /// A queue that names no priority takes only pods that name it.
    package static func bands(_ objects: [QueueObject]) -> [Band] {
        var bands = Band.standard
        for object in objects.sorted(by: { $0.name < $1.name }) {
            let weight = max(object.weight, 0.001)
            let priority = object.field["spec"]["priority"].number.flatMap { Int32(exactly: $0) }
            if let index = bands.firstIndex(where: { $0.name == object.name }) {
                bands[index].weight = weight
                if let priority, bands[index].minimumPriority != .min { bands[index].minimumPriority = priority }
            } else {
                bands.append(Band(object.name, weight: weight, minimumPriority: priority ?? .max))
            }
        }
        // The highest first; of equals the one that was there first.
        return bands.enumerated().sorted { left, right in
            (left.element.minimumPriority, right.offset) > (right.element.minimumPriority, left.offset)
        }.map(\.element)
    }
}
