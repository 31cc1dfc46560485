/// How layers say that something of the layers below is gone.
///
/// Source: OCI image-spec 1.1, layer.md, "Whiteouts"; Linux, overlayfs.rst, "whiteouts and opaque directories".
package enum Whiteout {
    /// `.wh.x` hides `x`.
    package static let prefix = Array(".wh.".utf8)
    /// Names of AUFS's own that are not whiteouts.
    package static let metadata = Array(".wh..wh.".utf8)
    /// Hides everything that the layers below have in this directory.
    package static let opaque = Array(".wh..wh..opq".utf8)

    private static let overlayPrefixes = [Array("trusted.overlay.".utf8), Array("user.overlay.".utf8)]
    private static let label = Array("security.selinux".utf8)

    /// Whether an archive may not set this attribute: with overlayfs's own it could redirect lookups, labels are the host's.
    static func isReserved(_ name: [UInt8], _ whiteouts: ExtractionOptions.Whiteouts) -> Bool {
        isOverlay(name) || name == label
    }

    /// Whether the attribute is overlayfs's own.
    static func isOverlay(_ name: [UInt8]) -> Bool {
        overlayPrefixes.contains { name.starts(with: $0) }
    }
}
