/// What a group has used, at one moment.
///
/// Every number is the kernel's; `nil` where this kernel or hierarchy does not count it.
package struct CgroupStatistics: Hashable, Sendable {
    package struct CPU: Hashable, Sendable {
        /// Nanoseconds of CPU time, of which `user` and `system`.
        package var total: UInt64 = 0
        package var user: UInt64 = 0
        package var system: UInt64 = 0
        /// Nanoseconds by processor; v1 only.
        package var perProcessor: [UInt64] = []
        package var perProcessorUser: [UInt64] = []
        package var perProcessorSystem: [UInt64] = []
        package var periods: UInt64 = 0
        package var throttledPeriods: UInt64 = 0
        /// Nanoseconds that the group was made to wait.
        package var throttled: UInt64 = 0
        package var bursts: UInt64 = 0
        /// Nanoseconds used from what was saved up.
        package var burst: UInt64 = 0
    }

    package struct MemoryCounter: Hashable, Sendable {
        /// Bytes.
        package var usage: UInt64
        /// The most there has been, in bytes.
        package var peak: UInt64?
        package var limit: Limit
        /// How often the limit was hit.
        package var failures: UInt64
    }

    package struct Memory: Hashable, Sendable {
        package var memory: MemoryCounter?
        /// v1 counts memory and swap together here, v2 swap alone.
        package var swap: MemoryCounter?
        package var kernel: MemoryCounter?
        package var kernelTCP: MemoryCounter?
        /// Page cache in bytes.
        package var cache: UInt64 = 0
        package var processesKilled: UInt64 = 0
        /// `memory.stat`, in the kernel's order.
        package var details: KeyedNumbers = KeyedNumbers("")
    }

    package struct Pids: Hashable, Sendable {
        package var current: UInt64
        package var limit: Limit
    }

    package struct BlockIO: Hashable, Sendable {
        /// One counter of one device.
        package struct Entry: Hashable, Sendable {
            package var major: UInt32
            package var minor: UInt32
            /// `Read`, `Write`, `Sync`, `Async`, `Discard` or `Total`, as v1 writes them.
            package var operation: String
            package var value: UInt64
        }

        package var serviceBytes: [Entry] = []
        package var serviced: [Entry] = []
        /// The BFQ and CFQ schedulers' own; empty elsewhere.
        package var serviceTime: [Entry] = []
        package var waitTime: [Entry] = []
        package var merged: [Entry] = []
        package var queued: [Entry] = []
        package var time: [Entry] = []
        package var sectors: [Entry] = []
    }

    package struct HugePages: Hashable, Sendable {
        package var pageSize: String
        package var usage: UInt64
        package var peak: UInt64?
        package var failures: UInt64
    }

    package var cpu = CPU()
    package var memory = Memory()
    package var pids: Pids?
    package var blockIO = BlockIO()
    package var hugePages: [HugePages] = []

    package init() {}
}
