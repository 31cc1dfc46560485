internal import CLinux

extension SeccompProfile {
    /// Everything a compiled filter depends on, in one way of writing: two profiles have equal bytes when they make the
    /// same filter with the same compiler.
    ///
    /// The listener's path and metadata are left out, as no filter holds them.
    var canonical: [UInt8] {
        var writer = CanonicalWriter()
        writer.append(UInt64(Self.compilerRevision))
        writer.append(UInt64(NewestCalls.numbers.count))
        writer.append(Self.libraryVersion)
        writer.append(UInt64(SeccompArchitecture.native.token))
        writer.append(UInt64(defaultAction.code))
        writer.append(UInt64(flags.rawValue))
        writer.append(UInt64(architectures.count))
        for architecture in architectures { writer.append(UInt64(architecture.token)) }
        for rule in rules {
            writer.append(
                UInt64(rule.action.code) << 32 | UInt64(rule.conditions.count) << 24 | UInt64(rule.names.count))
            for condition in rule.conditions {
                writer.append(UInt64(condition.argument) << 8 | UInt64(condition.comparison.ordinal))
                writer.append(condition.value)
                writer.append(condition.maskedValue)
            }
            for name in rule.names { writer.append(name) }
        }
        return writer.bytes
    }

    /// Goes up with every change of what the compiler makes of a profile.
    private static let compilerRevision = 2

    private static var libraryVersion: UInt64 {
        guard let version = seccomp_version()?.pointee else { return 0 }
        return UInt64(version.major) << 32 | UInt64(version.minor) << 16 | UInt64(version.micro)
    }
}

private struct CanonicalWriter {
    var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(16384)
    }

    mutating func append(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ name: String) {
        withUnsafeBytes(of: UInt16(truncatingIfNeeded: name.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: name.utf8)
    }
}

extension SeccompCondition.Comparison {
    fileprivate var ordinal: UInt8 {
        switch self {
        case .notEqual: 1
        case .less: 2
        case .lessOrEqual: 3
        case .equal: 4
        case .greaterOrEqual: 5
        case .greater: 6
        case .maskedEqual: 7
        }
    }
}
