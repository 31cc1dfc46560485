/// How fast a link may send: one bucket of tokens, the `tbf` queue.
///
/// Source: tc-tbf(8); linux/pkt_sched.h of Linux 6.1.
package struct TokenBucket: Equatable, Sendable {
    /// Bits in a second.
    package var rate: UInt64

    package init(rate: UInt64) {
        self.rate = rate
    }

    private var bytesPerSecond: UInt64 { max(1, rate / 8) }

    /// Bytes that may leave at once: what 4 ms bring, and never less than a segment of the largest size.
    private var burst: UInt32 { UInt32(clamping: max(65536 + 1514, bytesPerSecond / 250)) }

    /// Bytes that wait: what 50 ms bring, on top of the burst.
    private var limit: UInt32 { UInt32(clamping: UInt64(burst) + max(65536, bytesPerSecond / 20)) }

    /// Makes it the root queue of a link, in the place of what was there.
    package func install(on link: Int32) -> NetlinkRequest {
        var writer = Self.header(link)
        writer.attribute(1, text: "tbf")
        writer.nested(2) { options in
            var parameters = NetlinkWriter()
            for rate in [UInt32(clamping: bytesPerSecond), 0] {
                parameters.put([0, rate == 0 ? 0 : 1, 0, 0, 0, 0, 0, 0])  // cell log, link layer (Ethernet), overheads
                parameters.put(rate)
            }
            parameters.put(limit)
            parameters.put(UInt32(0))
            parameters.put(UInt32(0))
            options.attribute(1, parameters.bytes)
            if bytesPerSecond > UInt64(UInt32.max) { options.attribute(4, bytesPerSecond) }
            options.attribute(6, burst)
        }
        return NetlinkRequest(36, [.create, .replace], writer, doing: "limit link \(link) to \(rate) bit/s")
    }

    /// `struct tcmsg` for the root queue.
    private static func header(_ link: Int32) -> NetlinkWriter {
        var writer = NetlinkWriter()
        writer.put(UInt32(0))
        writer.put(link)
        writer.put(UInt32(0x8000_0000))
        writer.put(UInt32(0xffff_ffff))
        writer.put(UInt32(0))
        return writer
    }
}
