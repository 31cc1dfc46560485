/// The `pids` controller: how many tasks the group may have.
///
/// Source: cgroup-v2.rst, "PID"; cgroup-v1/pids.rst.
package struct Pids: Controller {
    package var limit: Limit?

    package init() {}

    package init(limit: Limit?) {
        self.limit = limit
    }

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [.pids] }

    package func settings(on hierarchy: Hierarchy) -> [Setting] {
        guard let limit, !limit.isUnset else { return [] }
        return [Setting("pids.max", limit.written(on: .v2))]  // v1 says `max` too
    }
}
