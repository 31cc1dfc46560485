import ImageSpec
import Testing

@testable import Snapshots

@Suite("Image filter")
struct ImageFilterTests {
    @Test(
        "patterns stop at slashes, as Go's do",
        arguments: [
            ("busybox", "busybox", true), ("busy*", "busybox", true), ("*", "a/b", false), ("*/b", "a/b", true),
            ("b?sybox", "busybox", true), ("[a-c]usybox", "busybox", true), ("[^b]usybox", "busybox", false),
            ("a\\*", "a*", true), ("a\\*", "ab", false), ("", "", true), ("", "a", false), ("[b", "b", false),
        ])
    func wildcards(pattern: String, text: String, fits: Bool) {
        #expect(Wildcard.matches(pattern, text) == fits)
    }

    @Test("a reference pattern fits the familiar name with or without its tag")
    func references() throws {
        let reference = try ImageReference(parsing: "busybox:1.35")
        for pattern in ["busybox", "busybox:1.35", "busy*:1.*", "busybox:*"] {
            #expect(ImageFilter.matches(pattern, reference), "\(pattern)")
        }
        for pattern in ["busybox:2", "docker.io/library/busybox", "busy"] {
            #expect(!ImageFilter.matches(pattern, reference), "\(pattern)")
        }
    }
}
