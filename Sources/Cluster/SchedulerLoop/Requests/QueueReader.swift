package import ClusterModel
package import Scheduling

/// Reads the objects that say how pods are queued: `pouch.io/v1` Queue.
package enum QueueReader {
    /// The queues there are when no object says anything, and what the objects change of them or add.
    ///
    /// A queue that names no priority takes only pods that name it.
    package static func bands(_ objects: [QueueObject], over base: [Band] = Band.standard) -> [Band] {
        var bands = base
        for object in objects.sorted(by: { $0.name < $1.name }) {
            let weight = object.weight.map { max($0, 0.001) }
            let priority = object.priority
            if let index = bands.firstIndex(where: { $0.name == object.name }) {
                if let weight { bands[index].weight = weight }
                if let priority, bands[index].minimumPriority != .min { bands[index].minimumPriority = priority }
                bands[index].isPaused = object.isPaused
            } else {
                bands.append(
                    Band(
                        object.name, weight: weight ?? 1, minimumPriority: priority ?? .max,
                        isPaused: object.isPaused))
            }
        }
        // The highest first; of equals the one that was there first.
        return bands.enumerated().sorted { left, right in
            (left.element.minimumPriority, right.offset) > (right.element.minimumPriority, left.offset)
        }.map(\.element)
    }
}
