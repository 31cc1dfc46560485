internal import Glibc

/// Bytes on their way to the log file: memory that grows, is filled without per-byte checks and given back when idle.
///
/// Larger than malloc's mmap threshold from the start, so that freeing it returns the pages to the kernel.
struct LogBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    init() {}

    deinit { free(base) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes sure that `more` bytes can be appended unchecked.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        var wanted = max(capacity, 256 << 10)
        while wanted - count < more { wanted *= 2 }
        guard let grown = realloc(base, wanted) else { preconditionFailure("no memory for the log buffer") }
        base = grown
        capacity = wanted
    }

    /// Appends within what was reserved.
    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base, let source = bytes.baseAddress else { return }
        memcpy(base + count, source, bytes.count)
        count += bytes.count
    }

    /// Appends within what was reserved.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        base?.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends within what was reserved.
    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Forgets the content and keeps the memory.
    mutating func removeAll() { count = 0 }

    /// Gives the memory back.
    mutating func release() {
        free(base)
        base = nil
        capacity = 0
        count = 0
    }
}
