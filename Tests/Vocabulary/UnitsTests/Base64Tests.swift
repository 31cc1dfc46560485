import TestSupport
import Testing
import Units

@Suite struct Base64Tests {
    @Test(
        "pads as RFC 4648 does",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func padding(text: String, encoded: String) {
        #expect(Base64.encoded(Array(text.utf8)) == encoded)
        #expect(Base64.decoded(encoded) == Array(text.utf8))
    }

    @Test("any bytes come back, in either alphabet, padded or not")
    func roundTrips() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<1000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let url = Base64.encoded(bytes, forURL: true)
            #expect(Base64.decoded(Base64.encoded(bytes)) == bytes)
            #expect(Base64.decoded(url) == bytes)
            #expect(Base64.decoded(url.replacing("=", with: "")) == bytes)
            #expect(!url.contains("+") && !url.contains("/"))
        }
    }

    @Test("what is no base64 is refused", arguments: ["Z", "Zg===", "Z=g=", "Zm9v!", "ä"])
    func refusals(text: String) {
        #expect(Base64.decoded(text) == nil)
    }
}
