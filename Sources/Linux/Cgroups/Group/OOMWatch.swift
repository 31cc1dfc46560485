internal import CLinux
internal import Glibc
internal import LinuxKernel

/// A descriptor that becomes readable when a group runs out of memory.
///
/// Put ``descriptor`` into an epoll set for `EPOLLIN`; when it is ready, ask ``drain()`` what happened. v1 wakes for
/// every time the group is out of memory and when it is removed, v2 for every change of `memory.events`: so the answer
/// is the group's own counter of killed processes, never the mere wake.
///
/// Source: cgroup-v1/memory.rst, section 10; cgroup-v2.rst, "memory.events".
package struct OOMWatch: ~Copyable {
    package enum Event: Hashable, Sendable {
        /// This many processes have been killed for memory since the last answer.
        case killed(Int)
        /// The group waits for memory: v1 with its OOM killer disabled.
        case waiting
        /// The group is gone: close this watch.
        case groupRemoved
        case nothing
    }

    private let notifier: Descriptor
    private let group: Cgroup
    private var seen: Int

    package var descriptor: Int32 { notifier.raw }

    /// Watches `group` from now on.
    ///
    /// - Throws: ``CgroupError/unsupported(controller:knob:remedy:)`` without a memory controller.
    package init(_ group: Cgroup) throws(CgroupError) {
        // Counted before the watch is set: a kill between the two is reported by the next ``drain()``, never swallowed.
        let seen = try group.outOfMemoryKills() ?? 0
        let notifier = try Self.notifier(of: group)
        self.notifier = notifier
        self.group = group
        self.seen = seen
    }

    /// Says what has happened since the last call, and makes the descriptor unready.
    ///
    /// v1 wakes its watchers before it kills: when the counter has not moved yet, this waits for it, 50 ms at most.
    package mutating func drain() throws(CgroupError) -> Event {
        let hasWoken = emptyNotifier()
        var patience = Patience(milliseconds: hasWoken && group.isOnV1(.memory) ? 50 : 0)
        repeat {
            guard let kills = try group.outOfMemoryKills() else { return .groupRemoved }
            if kills > seen {
                defer { seen = kills }
                return .killed(kills - seen)
            }
            if try group.waitsForMemory() { return .waiting }
        } while patience.wait()
        return .nothing
    }

    /// Reads an event counter, or however many inotify events there are.
    private func emptyNotifier() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let number = notifier.raw
        var hasWoken = false
        while buffer.withUnsafeMutableBytes({ read(number, $0.baseAddress, $0.count) }) > 0 { hasWoken = true }
        return hasWoken
    }

    private static func notifier(of group: Cgroup) throws(CgroupError) -> Descriptor {
        guard let mount = group.tree.mount(of: .memory) else {
            throw .unsupported(controller: "memory", knob: "OOM notice", remedy: "mount the memory controller")
        }
        let directory = group.directory(on: mount)
        do {
            return try mount.hierarchy == .v1 ? eventOnV1(directory) : eventOnV2(directory)
        } catch {
            throw .kernel(doing: "watch cgroup \(group.path) for lack of memory", error)
        }
    }

    private static func eventOnV1(_ directory: String) throws(SyscallError) -> Descriptor {
        let event = Descriptor(owning: try checkNegative("eventfd") { clinux_eventfd() })
        let control = try Descriptor.open(directory + "/memory.oom_control")
        try WholeFile.set(directory + "/cgroup.event_control", to: "\(event.raw) \(control.raw)")
        return event
    }

    private static func eventOnV2(_ directory: String) throws(SyscallError) -> Descriptor {
        let path = directory + "/memory.events"
        return Descriptor(owning: try checkNegative("inotify", path) { clinux_watch_modifications(path) })
    }
}

extension Cgroup {
    /// How many processes of the group were killed for memory since it exists; `nil` when it is gone.
    ///
    /// Asking this once at a container's end needs no watch.
    package func outOfMemoryKills() throws(CgroupError) -> Int? {
        guard let mount = tree.mount(of: .memory) else { return nil }
        let directory = directory(on: mount)
        let file = mount.hierarchy == .v1 ? "/memory.oom_control" : "/memory.events"
        guard let text = try GroupFile.read(directory + file) else { return nil }
        return KeyedNumbers(text)["oom_kill"].map { Int($0) } ?? 0
    }

    fileprivate func waitsForMemory() throws(CgroupError) -> Bool {
        guard let mount = tree.mount(of: .memory), mount.hierarchy == .v1 else { return false }
        let text = try GroupFile.read(directory(on: mount) + "/memory.oom_control") ?? ""
        let values = KeyedNumbers(text)
        return values["under_oom"] == 1 && values["oom_kill_disable"] == 1
    }
}
