package import Units

/// Writes records as Event objects; what cannot be written is dropped, because events only tell.
package actor EventRecorder {
    private let access: any PoolAccess
    private var aggregator: EventAggregator

    package init(_ access: any PoolAccess, component: String, host: String = "") {
        self.access = access
        aggregator = EventAggregator(component: component, host: host)
    }

    package func record(_ record: EventRecord, at now: Timestamp) async {
        guard let order = aggregator.order(record, at: now) else { return }
        do throws(PoolError) {
            switch order {
            case .create(let namespace, let object): try await access.create(object, in: PoolPath.events(namespace))
            case .count(let namespace, let name, let body):
                try await access.patch("\(PoolPath.events(namespace))/\(name)", body)
            }
        } catch {
            aggregator.forget(record)
        }
    }
}
