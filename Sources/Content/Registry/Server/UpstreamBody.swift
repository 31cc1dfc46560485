internal import ContentStore
internal import Hummingbird
internal import NIOCore

/// Some bytes of a blob that is on its way here, as the body of an answer.
enum UpstreamBody {
    /// The bytes of `stream` that lie in `range`; it ends too early when the stream does, which cuts the connection.
    static func body(_ stream: BlobStream, _ range: Range<Int64>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            var offset = stream.start
            for try await chunk in stream.chunks {
                let end = offset + Int64(chunk.count)
                defer { offset = end }
                guard end > range.lowerBound else { continue }
                let first = Int(max(0, range.lowerBound - offset))
                let last = Int(min(end, range.upperBound) - offset)
                try await writer.write(ByteBuffer(bytes: chunk[first..<last]))
                if end >= range.upperBound { return try await writer.finish(nil) }
            }
            throw BlobSourceError.interrupted("blob: its source ended early", after: nil)
        }
    }
}
