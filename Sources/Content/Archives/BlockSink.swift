package import Lanes
package import LinuxKernel

/// Where bytes go; blocking, so used on lanes.
///
/// A slow taker holds the writer back.
package protocol BlockSink: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError)
}

extension BlockSink {
    package func write(_ bytes: [UInt8]) throws(ArchiveError) {
        try bytes.withUnsafeBufferPointer { (raw) throws(ArchiveError) in try write(UnsafeRawBufferPointer(raw)) }
    }
}

/// Writes into an open file.
package final class DescriptorSink: BlockSink {
    private let descriptor: Descriptor

    package init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        do throws(SyscallError) {
            try descriptor.writeAll(bytes)
        } catch {
            throw .kernel(error)
        }
    }
}

/// Writes into a pipe whose other end is awaited, such as the body of a response.
///
/// Small writes are gathered; ``flush()`` must follow the last.
package final class PipeSink: BlockSink {
    private let pipe: ChunkPipe
    private var pending: [UInt8] = []
    private static let chunk = 128 << 10

    package init(_ pipe: ChunkPipe) {
        self.pipe = pipe
        pending.reserveCapacity(Self.chunk)
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        pending.append(contentsOf: bytes)
        if pending.count >= Self.chunk { try flush() }
    }

    package func flush() throws(ArchiveError) {
        guard !pending.isEmpty else { return }
        do throws(PipeClosed) {
            try pipe.write(pending)
        } catch {
            throw .interrupted("the reader has gone")
        }
        pending.removeAll(keepingCapacity: true)
    }
}

/// Keeps everything in memory.
package final class ArraySink: BlockSink {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        self.bytes.append(contentsOf: bytes)
    }
}

/// Shows every block to someone on its way, such as a hash.
package final class WatchedSink: BlockSink {
    private let sink: any BlockSink
    private let watch: (UnsafeRawBufferPointer) -> Void

    package init(_ sink: any BlockSink, watch: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.sink = sink
        self.watch = watch
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        watch(bytes)
        try sink.write(bytes)
    }
}
