internal import LinuxKernel

/// Whether the processes of a group run.
///
/// Source: cgroup-v1/freezer-subsystem.rst; cgroup-v2.rst, "cgroup.freeze".
package enum FreezerState: Hashable, Sendable {
    case thawed, freezing, frozen
}

extension Cgroup {
    /// Stops every process of the group and its descendants, and comes back when all have stopped.
    ///
    /// - Throws: ``CgroupError/timedOut(doing:)`` after 5 seconds, with the group thawed again: a process in an
    ///   uninterruptible sleep cannot be frozen.
    package func freeze() throws(CgroupError) {
        try setFrozen(true)
        var patience = Patience(milliseconds: 5000)
        var rounds = 0
        while try freezerState() != .frozen {
            guard patience.wait() else {
                try? setFrozen(false)
                throw .timedOut(doing: "freeze cgroup \(path)")
            }
            // v1 misses a process that forked meanwhile until it is told again.
            rounds += 1
            if rounds.isMultiple(of: 8) { try setFrozen(true) }
        }
    }

    /// Lets the processes run again.
    package func thaw() throws(CgroupError) {
        try setFrozen(false)
        var patience = Patience(milliseconds: 5000)
        while try freezerState() != .thawed {
            guard patience.wait() else { throw .timedOut(doing: "thaw cgroup \(path)") }
        }
    }

    /// A group without a freezer is thawed.
    package func freezerState() throws(CgroupError) -> FreezerState {
        guard let mount = tree.mount(of: .freezer) else { return .thawed }
        let directory = directory(on: mount)
        if mount.hierarchy == .v1 {
            let state = try GroupFile.read(directory + "/freezer.state") ?? ""
            return state.hasPrefix("FROZEN") ? .frozen : state.hasPrefix("FREEZING") ? .freezing : .thawed
        }
        let asked = try GroupFile.read(directory + "/cgroup.freeze") ?? "0"
        let events = try GroupFile.read(directory + "/cgroup.events") ?? ""
        let isFrozen = events.split(separator: "\n").contains("frozen 1")
        return isFrozen ? .frozen : asked.hasPrefix("1") ? .freezing : .thawed
    }

    private func setFrozen(_ frozen: Bool) throws(CgroupError) {
        guard let mount = tree.mount(of: .freezer) else {
            throw .unsupported(controller: "freezer", knob: "freezer.state", remedy: "mount the freezer controller")
        }
        let setting =
            mount.hierarchy == .v1
            ? Setting("freezer.state", frozen ? "FROZEN" : "THAWED")
            : Setting("cgroup.freeze", frozen ? "1" : "0", remedy: "use Linux 5.2 or newer")
        try apply(setting)
    }
}
