package import Units

/// An amount of everything a pod asks for or a node has.
///
/// Two pods with equal amounts are equal, however they were written.
package struct Resources: Hashable, Sendable {
    package var cpu: CPUCount
    package var memory: ByteCount
    /// Writable disk, enforced as a quota.
    package var disk: ByteCount
    /// Places for pods on a node; what a pod asks of it is always one.
    package var pods: Int64
    /// Counted things by name, such as `nvidia.com/gpu`.
    package var extended: [String: Int64]

    package init(
        cpu: CPUCount = CPUCount(milli: 0), memory: ByteCount = ByteCount(0),
        disk: ByteCount = ByteCount(0), pods: Int64 = 1, extended: [String: Int64] = [:]
    ) {
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
        self.pods = pods
        self.extended = extended
    }
}

/// The kinds of resources in the order in which columns hold them.
///
/// Amounts are kept as `Double`: whole numbers up to 2^53 are exact, and the compiler turns comparisons of eight of
/// them into vector instructions on every processor.
struct Dimensions {
    static let cpu = 0
    static let memory = 1
    static let disk = 2
    static let pods = 3

    private(set) var names = ["cpu", "memory", "ephemeral-storage", "pods"]
    private var numbers: [String: Int] = [:]

    /// The column of an extended resource, made when it is new.
    mutating func number(of name: String) -> Int {
        if let known = numbers[name] { return known }
        numbers[name] = names.count
        names.append(name)
        return names.count - 1
    }

    /// All amounts that are not zero, in the order of the columns.
    mutating func amounts(_ resources: Resources) -> [Amount] {
        var amounts = [
            Amount(dimension: Self.cpu, value: Double(resources.cpu.milli)),
            Amount(dimension: Self.memory, value: Double(resources.memory.bytes)),
            Amount(dimension: Self.disk, value: Double(resources.disk.bytes)),
            Amount(dimension: Self.pods, value: Double(resources.pods)),
        ]
        for name in resources.extended.keys.sorted() {
            amounts.append(Amount(dimension: number(of: name), value: Double(resources.extended[name] ?? 0)))
        }
        return amounts.filter { $0.value > 0 }
    }
}

/// So much of one kind of resource: milli-CPUs, bytes or pieces.
struct Amount: Hashable, Sendable {
    var dimension: Int
    var value: Double
}
