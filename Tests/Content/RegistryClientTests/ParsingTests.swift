import ContentStore
import TestSupport
import Testing
import Units

@testable import RegistryClient

@Suite("what registries write in header fields")
struct ParsingTests {
    @Test("a challenge with quoted parameters, and two in one field")
    func challenges() {
        let bearer =
            #"Bearer realm="https://auth.example/token?a=b,c",service="reg.example", scope="repository:a/b:pull,push""#
        #expect(
            Challenge.parse(bearer) == [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example/token?a=b,c", "service": "reg.example",
                        "scope": "repository:a/b:pull,push",
                    ])
            ])
        #expect(
            Challenge.parse(#"Basic realm="x \"y\"", Bearer realm=z"#) == [
                Challenge(scheme: "basic", parameters: ["realm": #"x "y""#]),
                Challenge(scheme: "bearer", parameters: ["realm": "z"]),
            ])
        #expect(Challenge.parse("") == [])
        #expect(Challenge.parse(#"Bearer realm="open"#) == [Challenge(scheme: "bearer", parameters: [:])])
    }

    @Test("no bytes make the readers trap", arguments: UInt64(0)..<1000)
    func fuzz(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array(#"Bearer ="\,;<>:/?#&0159-abz %@."#)
        let text = String(
            (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            })
        _ = Challenge.parse(text)
        _ = Repository.nextPage(text)
        _ = ContentRange(text)
        _ = RetryAfter.parse(text, now: 0)
        if let address = WebAddress(text) { _ = address.following(text) }
        _ = WebAddress("https://a/b")?.following(text)
    }

    @Test("a Retry-After is seconds or a date")
    func retryAfter() {
        #expect(RetryAfter.parse(" 17 ", now: 0) == .seconds(17))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_777 - 30) == .seconds(30))
        #expect(RetryAfter.parse("Thu, 29 Feb 2024 00:00:01 GMT", now: 1_709_164_800) == .seconds(1))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: 999_999_999) == .zero)
        #expect(RetryAfter.parse("soon", now: 0) == nil)
    }

    @Test("addresses lead where RFC 3986 says, and lose names and passwords")
    func addresses() throws {
        let base = try #require(WebAddress("https://User:pw@Reg.Example:5000/v2/a/b?x=1#y"))
        #expect(base.text == "https://reg.example:5000/v2/a/b?x=1")
        #expect(base.following("/c?d")?.text == "https://reg.example:5000/c?d")
        #expect(base.following("c")?.text == "https://reg.example:5000/v2/a/c")
        #expect(base.following("//other/z")?.text == "https://other/z")
        #expect(base.following("http://other")?.text == "http://other/")
        #expect(base.following("ftp://other/") == nil)
        #expect(base.adding("d", "sha256:a b").target == "/v2/a/b?x=1&d=sha256%3Aa%20b")
    }

    @Test("the next page is the link of that relation")
    func links() {
        #expect(Repository.nextPage(#"</v2/a/tags/list?n=2&last=b>; rel="next""#) == "/v2/a/tags/list?n=2&last=b")
        #expect(Repository.nextPage(#"</x>; rel="prev", </y>; rel=next"#) == "/y")
        #expect(Repository.nextPage(#"</x>; rel="prev""#) == nil)
    }

    @Test("ranges, as answers and uploads have them")
    func ranges() {
        #expect(ContentRange("bytes 5-9/10").map { [$0.first, $0.last] } == [5, 9])
        #expect(ContentRange("0-0").map { [$0.first, $0.last] } == [0, 0])
        #expect(ContentRange("9-5") == nil)
        #expect(ContentRange("bytes */10") == nil)
    }

    @Test("loopback and what the settings name may be insecure, nothing else")
    func insecure() {
        var settings = RegistrySettings()
        settings.insecure = ["10.1.0.0/16", "reg.example:5000", "plain.example"]
        for host in ["localhost:5000", "127.3.2.1", "[::1]:5000", "10.1.2.3:80", "reg.example:5000", "plain.example:7"]
        {
            #expect(settings.isInsecure(host), "\(host)")
        }
        for host in ["10.2.0.1", "reg.example", "reg.example:5001", "example", "127.0.0.1.example"] {
            #expect(!settings.isInsecure(host), "\(host)")
        }
    }
}

@Suite("waiting before another try")
struct RetryTests {
    @Test("doubles, stays within its bounds, obeys the registry and ends", arguments: UInt64(0)..<200)
    func delays(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let policy = RetryPolicy(attempts: 8, first: .milliseconds(100), longest: .seconds(2))
        for failures in 1..<8 {
            let full = min(Duration.milliseconds(100 << (failures - 1)), .seconds(2))
            let delay = policy.delay(after: failures, using: &random)
            #expect(delay.map { $0 >= full / 2 && $0 <= full } == true, "seed \(seed), failure \(failures)")
        }
        #expect(policy.delay(after: 8, using: &random) == nil)
        #expect(policy.delay(after: 1, asked: .seconds(7), using: &random) == .seconds(7))
        #expect(policy.delay(after: 1, asked: .seconds(7000), using: &random) == .seconds(20))
    }
}

@Suite("credentials in a header")
struct CredentialTests {
    @Test("both alphabets of base64, auth in one string, and nobody")
    func headers() throws {
        let json = #"{"username":"ann","password":"s?e>cret~~","serveraddress":"x"}"#
        for isURL in [true, false] {
            let header = Base64.encoded(Array(json.utf8), forURL: isURL)
            #expect(try RegistryCredentials(header: header) == .init(username: "ann", password: "s?e>cret~~"))
        }
        let auth = Base64.encoded(Array(#"{"auth":"YW5uOmE6Yg=="}"#.utf8))
        #expect(try RegistryCredentials(header: auth) == .init(username: "ann", password: "a:b"))
        #expect(try RegistryCredentials(header: "e30=").isEmpty)
        #expect(try RegistryCredentials(header: "bnVsbA==").isEmpty)
        #expect(throws: RegistryError.self) { try RegistryCredentials(header: "!") }
        #expect(try RegistryCredentials(header: "e30").isEmpty)
    }
}
