internal import ContentStore
internal import Glibc
internal import Hummingbird
internal import Lanes
internal import LinuxKernel
internal import NIOCore

/// Some bytes of an open blob as the body of an answer.
///
/// The blob may be collected meanwhile: its bytes stay while it is open.
final class BlobBody: Sendable {
    private let file: Descriptor
    private let range: Range<Int64>
    private let lanes: Lanes

    /// What one step reads.
    private static let step: Int64 = 512 << 10

    init(_ file: consuming Descriptor, range: Range<Int64>, lanes: Lanes) {
        self.file = file
        self.range = range
        self.lanes = lanes
    }

    var body: ResponseBody {
        ResponseBody(contentLength: range.count) { [self] writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let bytes = try await read(from: offset)
                offset += Int64(bytes.readableBytes)
                try await writer.write(bytes)
            }
            try await writer.finish(nil)
        }
    }

    /// - Throws: `EIO` when the file is shorter than it was, which cuts the connection: nobody must take it for whole.
    private func read(from offset: Int64) async throws -> ByteBuffer {
        try await lanes.run { [self] in
            let wanted = Int(min(Self.step, range.upperBound - offset))
            let number = file.raw
            var buffer = ByteBufferAllocator().buffer(capacity: wanted)
            let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                try check("pread") { pread(number, space.baseAddress, wanted, Int(offset)) }
            }
            guard count > 0 else { throw SyscallError("pread", errno: EIO) }
            return buffer
        }
    }
}
