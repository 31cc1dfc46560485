package import Lanes
package import LinuxKernel
internal import Glibc

/// Where bytes come from, block by block; blocking, so used on lanes.
///
/// The reader asks for one block at a time and is done with it before it asks for the next, which is what holds a fast
/// sender back.
package protocol BlockSource: AnyObject {
    /// Lends the next bytes until the next call; nil at the end, never empty.
    func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer?
}

extension BlockSource {
    /// Reads everything, refusing more than `limit` bytes.
    package func readAll(limit: Int = 64 << 20) throws(ArchiveError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let block = try nextBlock() {
            guard bytes.count + block.count <= limit else { throw .tooLarge(limit: Int64(limit)) }
            bytes.append(contentsOf: block)
        }
        return bytes
    }

    /// Reads to the end for the sake of those who watch the bytes pass.
    package func drain() throws(ArchiveError) {
        while try nextBlock() != nil {}
    }
}

/// A block of memory that outlives the calls that lend it.
final class Buffer {
    let pointer: UnsafeMutableRawBufferPointer

    init(count: Int) { pointer = .allocate(byteCount: count, alignment: 4096) }
    deinit { pointer.deallocate() }
}

/// The bytes of a file, pipe or socket.
package final class DescriptorSource: BlockSource {
    private let descriptor: Descriptor
    private let buffer = Buffer(count: 256 << 10)

    package init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    package convenience init(path: String) throws(ArchiveError) {
        self.init(try kernel { () throws(SyscallError) in try Descriptor.open(path) })
    }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        let number = descriptor.raw
        let target = buffer.pointer
        let count = try kernel { () throws(SyscallError) in
            try check("read") { read(number, target.baseAddress, target.count) }
        }
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: target[..<count])
    }
}

/// The bytes that come through a pipe, such as the body of a request.
package final class PipeSource: BlockSource {
    private let pipe: ChunkPipe
    private var buffer = Buffer(count: 64 << 10)

    package init(_ pipe: ChunkPipe) {
        self.pipe = pipe
    }

    deinit { pipe.close() }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        let chunk: [UInt8]?
        do {
            chunk = try pipe.read()
        } catch {
            throw .interrupted(String(describing: error))
        }
        guard let chunk else { return nil }
        if chunk.count > buffer.pointer.count { buffer = Buffer(count: chunk.count) }
        buffer.pointer.copyBytes(from: chunk)
        return UnsafeRawBufferPointer(rebasing: buffer.pointer[..<chunk.count])
    }
}

/// Bytes that are in memory already.
package final class ArraySource: BlockSource {
    private var rest: ArraySlice<UInt8>
    private let step: Int
    private let buffer: Buffer

    /// Lends at most `step` bytes at a time.
    package init(_ bytes: [UInt8], step: Int = 64 << 10) {
        rest = bytes[...]
        self.step = step
        buffer = Buffer(count: max(1, min(step, bytes.count)))
    }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        guard !rest.isEmpty else { return nil }
        let part = rest.prefix(step)
        rest = rest.dropFirst(step)
        buffer.pointer.copyBytes(from: part)
        return UnsafeRawBufferPointer(rebasing: buffer.pointer[..<part.count])
    }
}

/// Shows every block to someone on its way, such as a hash.
package final class WatchedSource: BlockSource {
    private let source: any BlockSource
    private let watch: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void

    package init(_ source: any BlockSource, watch: @escaping (UnsafeRawBufferPointer) throws(ArchiveError) -> Void) {
        self.source = source
        self.watch = watch
    }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        guard let block = try source.nextBlock() else { return nil }
        try watch(block)
        return block
    }
}

/// Puts bytes that were read ahead back in front of their source.
package final class PrefixedSource: BlockSource {
    private let prefix: ArraySource
    private let rest: any BlockSource
    private var inPrefix = true

    package init(_ prefix: [UInt8], then rest: any BlockSource) {
        self.prefix = ArraySource(prefix)
        self.rest = rest
    }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        if inPrefix {
            if let block = try prefix.nextBlock() { return block }
            inPrefix = false
        }
        return try rest.nextBlock()
    }
}

/// The first bytes of one source, then all of another.
package final class LimitedSource: BlockSource {
    private let first: any BlockSource
    private var left: Int64
    private let rest: any BlockSource

    /// - Throws: ``ArchiveError/interrupted(_:)`` from ``nextBlock()`` when `first` has fewer than `count` bytes.
    package init(_ first: any BlockSource, count: Int64, then rest: any BlockSource) {
        self.first = first
        left = count
        self.rest = rest
    }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        guard left > 0 else { return try rest.nextBlock() }
        guard let block = try first.nextBlock() else { throw .interrupted("bytes that were here are gone") }
        let part = UnsafeRawBufferPointer(rebasing: block.prefix(Int(min(left, Int64(block.count)))))
        left -= Int64(part.count)
        return part
    }
}
